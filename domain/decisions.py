"""Decisions: what was decided about whom, when, under which rule versions, and the tree of findings that explains it.

Laws: every decision about eligibility, liability, amount, points or tier is stored with its tree; a decision never
changes; the same inputs give the same tree byte for byte (`domain.md` 5, B2).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.explain import Finding, versions
from domain.ids import DecisionId, Id, RuleVersionId


class DecisionKind(StrEnum):
    """What a decision is about."""

    ELIGIBILITY = "ELIGIBILITY"
    """Whether a claim could be opened under its cover."""
    COMPENSATION = "COMPENSATION"
    """Whether and how much the buyer is compensated."""
    TIER = "TIER"
    """The buyer's level."""
    ONBOARDING = "ONBOARDING"
    """Whether a company is admitted as a provider."""
    POINTS = "POINTS"
    """Penalty points of a party."""
    SCORECARD = "SCORECARD"
    """Whether a party comes behind others, by its scorecard."""
    DEBT = "DEBT"
    """What a supplier may not do while an invoice is overdue."""
    LISTING = "LISTING"
    """What follows because a flagged listing was not put right."""
    CAPABILITY = "CAPABILITY"
    """What a provider may not do any more, because something that it had proved has ended."""
    LIABILITY = "LIABILITY"
    """Whether a provider answers for what is open after a service point of it went without a word."""
    HOLD = "HOLD"
    """Which clocks stand still by force majeure."""
    SERVICE = "SERVICE"
    """Whether a milestone of a service request was reached in time."""
    CARRIAGE = "CARRIAGE"
    """What a carrier can be asked for, and until when."""
    CHARGEBACK = "CHARGEBACK"
    """What the platform bears of a lost chargeback."""
    APPEAL = "APPEAL"
    """What an appeal changes."""
    EVIDENCE = "EVIDENCE"
    """Whether a piece of evidence is forged."""
    COUPON = "COUPON"
    """Whether a coupon is taken back, or good again."""
    GOODWILL = "GOODWILL"
    """Whether staff may give a buyer something without a duty to."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; `tree` is what it was found from, `decided_by` a member, a key or `system:<duty>`."""

    id: DecisionId
    subject_id: Id
    kind: DecisionKind
    holds: bool
    at: datetime
    decided_by: str
    rule_version_ids: tuple[RuleVersionId, ...]
    tree: Finding

    @property
    def automated(self) -> bool:
        """Whether nobody but the platform itself decided."""
        return self.decided_by.startswith(SYSTEM)


SYSTEM: Final = "system:"
"""How the names of actors begin that are nobody: a clock's duty, a start's own work."""


def decision(
    id: DecisionId,
    subject_id: Id,
    kind: DecisionKind,
    tree: Finding,
    *,
    at: datetime,
    decided_by: str,
    rule_version_ids: tuple[RuleVersionId, ...],
) -> Decision:
    """The decision that `tree` comes to: it holds if and only if the root finding holds.

    It pins `rule_version_ids`, and every version that set a number anywhere in the tree.
    """
    pinned = dict.fromkeys((*rule_version_ids, *map(RuleVersionId, sorted(versions(tree)))))
    return Decision(id, subject_id, kind, tree.holds, at, decided_by, tuple(pinned), tree)
