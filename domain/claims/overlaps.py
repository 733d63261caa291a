"""One loss, one claim: another claim of the same order that is about the same loss (`domain.md` 5, B16).

Laws: goods are lost once, whatever the reason; a claim that was withdrawn or denied stands in nobody's way; a claim
whose lines nobody recorded is about all of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.claims.reasons import ClaimReason, same_loss
from domain.explain import Finding
from domain.exposure import LossCause
from domain.ids import ClaimId, OrderLineId


@dataclass(frozen=True, slots=True)
class OtherClaim:
    """A claim of the same order under another cover, and the lines that it is about."""

    id: ClaimId
    number: str
    reason: ClaimReason
    cause: LossCause
    line_ids: tuple[OrderLineId, ...]


def one_loss(cause: LossCause, lines: Iterable[str], others: Iterable[OtherClaim]) -> tuple[Finding, ...]:
    """One finding for each claim that is about the same loss of the same lines; none where the loss is claimed once."""
    wanted = set(lines)
    return tuple(
        Finding(
            "claim.one_loss",
            False,
            "claim_loss_not_claimed_before",
            {"claim": other.number, "claimId": str(other.id), "reason": other.reason.value},
        )
        for other in others
        if same_loss(cause, other.cause) and (not other.line_ids or wanted & set(map(str, other.line_ids)))
    )
