"""The pair of sentences that a reason has: for yes and for no."""

Sentences = tuple[str, str]
"""What is said when a finding holds, and when it does not."""
