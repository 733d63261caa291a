"""One loss, one claim: another claim of the same order that is about the same loss (`domain.md` 5, B16).

Laws: goods are lost once, whatever the reason; a claim that was withdrawn or denied stands in nobody's way; a claim
whose lines nobody recorded is about all of them. Where a rule has it that an order is claimed for once, that is once
for its promise, whoever gave it and for whichever lines: of two such claims the one that gave the buyer something
counts before the other, else the one that was opened first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.claims.claim import Claim
from domain.claims.reasons import ClaimReason, same_loss
from domain.explain import Finding
from domain.exposure import LossCause
from domain.guarantees import Promise
from domain.ids import ClaimId, OrderLineId


@dataclass(frozen=True, slots=True)
class OtherClaim:
    """A claim of the same order under another cover, and the lines that it is about.

    `gained` says whether it gave the buyer something.
    """

    id: ClaimId
    number: str
    reason: ClaimReason
    cause: LossCause
    line_ids: tuple[OrderLineId, ...]
    promise: Promise
    opened_at: datetime
    gained: bool


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


def before(promise: Promise, others: Iterable[OtherClaim], own: Claim | None = None) -> ClaimId | None:
    """The claim that counts before one for that promise: `own`, or one that is yet to be opened; None where none does.

    A rule that has one claim per order finds it with the exclusion ALREADY_CLAIMED.
    """
    counting = [
        other
        for other in others
        if other.promise is promise
        and (own is None or other.gained or (other.opened_at, str(other.id)) < (own.opened_at, str(own.id)))
    ]
    return min(counting, key=lambda other: (other.opened_at, str(other.id))).id if counting else None
