"""Offers: what one side of a claim would settle for.

    STANDS -accept (the other side)-> ACCEPTED        STANDS -decline (the other side)-> DECLINED
    STANDS -a counter-offer-> COUNTERED               STANDS -its time is over-> LAPSED
    STANDS -the claim leaves the two sides-> MOOT

Laws: of a claim at most one offer stands; nobody accepts its own; an offer gives for no line more than its loss; what
was accepted is what is provided, to the cent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import money
from domain.change import Change, Happening
from domain.claims.claim import Claim, ClaimLine, LineWish
from domain.claims.sides import Side
from domain.copies import replace
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, unmet
from domain.ids import ClaimId, ClaimOfferId, ClaimOfferLineId, OrderLineId
from domain.money import Money
from domain.remedies import IN_KIND, REFUNDS, RemedyKind

OFFERS_MAX: Final = 50
"""Offers of one claim: whoever has not settled by then is no nearer."""


class OfferState(StrEnum):
    """Where an offer stands."""

    STANDS = "STANDS"
    """The other side can accept it."""
    ACCEPTED = "ACCEPTED"
    """The other side accepted it: the claim is settled by it."""
    DECLINED = "DECLINED"
    """The other side declined it."""
    COUNTERED = "COUNTERED"
    """Another offer took its place."""
    LAPSED = "LAPSED"
    """Nobody answered it in its time."""
    MOOT = "MOOT"
    """The claim went on without it."""


@dataclass(frozen=True, slots=True)
class ClaimOfferLine:
    """What the offer gives for one line; a remedy in kind has no amount."""

    id: ClaimOfferLineId
    offer_id: ClaimOfferId
    position: int
    line_id: OrderLineId
    remedy: RemedyKind
    amount: Money


@dataclass(frozen=True, slots=True)
class ClaimOffer:
    """An offer of one side. `total` is the money in it, `lapses_at` the last instant at which it can be accepted."""

    id: ClaimOfferId
    claim_id: ClaimId
    number: int
    by: Side
    state: OfferState
    total: Money
    note: str | None
    lapses_at: datetime
    made_at: datetime
    ended_at: datetime | None
    version: int
    lines: tuple[ClaimOfferLine, ...] = ()


def require_lines(wishes: Sequence[LineWish], lines: Iterable[ClaimLine]) -> tuple[LineWish, ...]:
    """The wishes with every amount filled in: all of the line's loss where none is named.

    Raises:
        Invalid: a line that the claim is not about or that is named twice, money for a remedy in kind, an amount below
            zero or in another currency, a full refund of less than the loss.
        Refused: an amount above the line's loss; the finding says both numbers.
    """
    by_line = {line.line_id: line for line in lines}
    problems, above = [], []
    filled: list[LineWish] = []
    for place, wish in enumerate(wishes):
        path, line = ("lines", str(place)), by_line.get(wish.line_id)
        if line is None:
            problems.append(Problem((*path, "lineId"), "is no line of this claim"))
            continue
        if any(wish.line_id == other.line_id for other in wishes[:place]):
            problems.append(Problem((*path, "lineId"), "is named twice"))
        amount, message = _amount(wish, line.loss)
        if message:
            problems.append(Problem((*path, "amount"), message))
        elif line.loss < amount:
            above.append(
                Finding(
                    "claim.loss",
                    False,
                    "claim_amount_within_loss",
                    {"line": str(wish.line_id), "amount": str(amount), "loss": str(line.loss)},
                )
            )
        filled.append(replace(wish, amount=amount))
    if problems:
        raise Invalid(*problems)
    if above:
        raise Refused("claim.loss", "It is more than what was lost.", tuple(above))
    return tuple(filled)


def _amount(wish: LineWish, loss: Money) -> tuple[Money, str | None]:
    """What is wished for, and what is wrong with it; None where nothing is."""
    nothing = Money.zero(loss.currency)
    if wish.remedy in IN_KIND:
        wrong = wish.amount is not None and wish.amount.minor != 0
        return nothing, f"is not for {wish.remedy.value}, which is no money" if wrong else None
    if wish.amount is None:
        return loss, None
    if wish.amount.currency != loss.currency:
        return nothing, f"is in {wish.amount.currency}, and the claim in {loss.currency}"
    if wish.amount.minor <= 0:
        return nothing, "is not above zero"
    if wish.remedy is RemedyKind.REFUND_FULL and wish.amount < loss:
        return nothing, f"is less than the {loss} that a full refund is"
    return wish.amount, None


def total(wishes: Iterable[LineWish], currency: str) -> Money:
    """The money in those wishes."""
    return money.total([wish.amount for wish in wishes if wish.amount is not None], currency)


def make_offer(
    claim: Claim,
    by: Side,
    wishes: Sequence[LineWish],
    note: str | None,
    lapses_at: datetime,
    *,
    number: int,
    id: ClaimOfferId,
    line_ids: Sequence[ClaimOfferLineId],
    at: datetime,
) -> Change[ClaimOffer]:
    """The offer stands. Refuses like `require_lines`, an offer of nothing, and the fifty-first of one claim."""
    if not wishes:
        raise Invalid(Problem(("lines",), "says for no line what it gives"))
    findings = (Finding("claim.offers", number <= OFFERS_MAX, "claim_offers_few", {"most": OFFERS_MAX}),)
    if because := unmet(findings):
        raise Refused("claim.make_offer", "There were too many offers.", because)
    filled = require_lines(wishes, claim.lines)
    currency = claim.amount.currency
    offer = ClaimOffer(
        id=id,
        claim_id=claim.id,
        number=number,
        by=by,
        state=OfferState.STANDS,
        total=total(filled, currency),
        note=note,
        lapses_at=lapses_at,
        made_at=at,
        ended_at=None,
        version=1,
        lines=tuple(
            ClaimOfferLine(line_id, id, place, wish.line_id, wish.remedy, wish.amount or Money.zero(currency))
            for place, (line_id, wish) in enumerate(zip(line_ids, filled, strict=True), start=1)
        ),
    )
    return Change(None, offer, (_happening("claim_offer.made", offer),))


def end_offer(offer: ClaimOffer, state: OfferState, at: datetime) -> Change[ClaimOffer]:
    """The offer does not stand any more. Refuses with ValueError one that does not stand."""
    if offer.state is not OfferState.STANDS:
        raise ValueError(f"{offer.id} is {offer.state}")
    after = replace(offer, state=state, ended_at=at, version=offer.version + 1)
    return Change(offer, after, (_happening(f"claim_offer.{state.value.lower()}", after),))


def wishes(offer: ClaimOffer) -> tuple[LineWish, ...]:
    """What the offer gives, line by line."""
    return tuple(LineWish(line.line_id, line.remedy, line.amount) for line in offer.lines)


def other_side(side: Side) -> Side:
    """Whoever has to answer that side's offer."""
    return Side.LIABLE_PARTY if side is Side.BUYER else Side.BUYER


def returns_goods(remedies: Iterable[RemedyKind]) -> bool:
    """Whether a settlement by those remedies means that the goods go back: a full refund does, unless it says not."""
    return any(remedy is RemedyKind.REFUND_FULL for remedy in remedies if remedy in REFUNDS)


def _happening(name: str, offer: ClaimOffer) -> Happening:
    facts = {
        "claimId": offer.claim_id,
        "by": offer.by.value,
        "amountMinor": offer.total.minor,
        "currency": offer.total.currency,
    }
    return Happening(name, facts)
