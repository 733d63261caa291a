"""Exposure: what one loss can cost at most, whoever pays for it (`domain.md` 5, B16; vector T14).

An exposure is of one order line and one loss. Claims, chargebacks, insurance and goodwill draw on it before money
reaches the buyer; what is taken back is released.

Laws: what is drawn never exceeds the ceiling, whatever the order of events; goods are lost once: not received, in bad
condition and charged back share one ceiling, the line's paid value with its share of the freight, less its share of
what the shop itself gave back; what rules pay for lateness, service, price or conduct has a ceiling of its own, the sum
of what each commitment's rule gives (at most one compensation per line and commitment, `domain.md` 6.8); nobody
releases more than it drew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import money
from domain.change import Change, Fact, Happening
from domain.copies import replace
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.ids import BuyerId, CoverageId, ExposureId, ExposureMovementId, Id, OrderId, OrderLineId
from domain.money import Money


class LossCause(StrEnum):
    """What a buyer lost by."""

    LATENESS = "LATENESS"
    """The goods came late."""
    NON_RECEIPT = "NON_RECEIPT"
    """The goods did not come."""
    CONDITION = "CONDITION"
    """The goods came damaged, wrong, short, counterfeit or of lesser quality."""
    SERVICE = "SERVICE"
    """A promised service was not performed."""
    PRICE = "PRICE"
    """The buyer was charged more than was agreed."""
    CONDUCT = "CONDUCT"
    """The party behaved against the rules."""


class Loss(StrEnum):
    """What is lost once, by whatever cause."""

    GOODS = "GOODS"
    """The goods and what their transport cost."""
    LATENESS = "LATENESS"
    """Time."""
    SERVICE = "SERVICE"
    """A service."""
    PRICE = "PRICE"
    """What was charged beyond the agreed price."""
    CONDUCT = "CONDUCT"
    """Fair treatment."""


LOSSES: Final[Mapping[LossCause, Loss]] = {
    LossCause.LATENESS: Loss.LATENESS,
    LossCause.NON_RECEIPT: Loss.GOODS,
    LossCause.CONDITION: Loss.GOODS,
    LossCause.SERVICE: Loss.SERVICE,
    LossCause.PRICE: Loss.PRICE,
    LossCause.CONDUCT: Loss.CONDUCT,
}
"""Which loss each cause leads to."""
assert LOSSES.keys() == set(LossCause)


class DrawnBy(StrEnum):
    """By what money reaches a buyer for a loss."""

    CLAIM = "CLAIM"
    """A claim that was granted or agreed."""
    CHARGEBACK = "CHARGEBACK"
    """The cardholder's bank takes the payment back."""
    INSURANCE = "INSURANCE"
    """An insurer pays the buyer."""
    GOODWILL = "GOODWILL"
    """Staff gave it without a duty to."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What one loss on one line can cost, and what was drawn of it.

    `commitments` are the covers whose rules' amounts are in the ceiling; goods have none.
    """

    id: ExposureId
    order_id: OrderId
    line_id: OrderLineId
    buyer_id: BuyerId
    loss: Loss
    commitments: tuple[str, ...]
    ceiling: Money
    drawn: Money
    opened_at: datetime
    version: int

    @property
    def left(self) -> Money:
        """What can still be drawn."""
        return self.ceiling - self.drawn


@dataclass(frozen=True, slots=True)
class ExposureMovement:
    """What one subject drew on an exposure, or below zero gave back to it. It never changes."""

    id: ExposureMovementId
    exposure_id: ExposureId
    cause: LossCause
    drawn_by: DrawnBy
    subject_id: Id
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """What an exposure needs to know of an order line: its paid value, and its shares of freight and shop refunds."""

    id: OrderLineId
    value: Money
    freight: Money
    refunded: Money

    @property
    def goods(self) -> Money:
        """What can be lost with the goods."""
        return max(self.value + self.freight - self.refunded, Money.zero(self.value.currency))


@dataclass(frozen=True, slots=True)
class Draw:
    """The wish to let money reach the buyer for a loss: by whom, for what, and under which commitment.

    `entitled` is what the commitment's rule gives per line; where it is not given, what is drawn now.
    """

    cause: LossCause
    drawn_by: DrawnBy
    subject_id: Id
    amounts: Mapping[OrderLineId, Money]
    commitment_id: CoverageId | None = None
    entitled: Mapping[OrderLineId, Money] | None = None


def lines(parts: Sequence[tuple[OrderLineId, Money]], freight: Money, refunded: Money) -> dict[OrderLineId, Line]:
    """The lines of an order with their shares, by value, of its freight and of what the shop gave back on it.

    Where every line is free, they share alike.
    """
    weights = [value.minor for _, value in parts]
    weights = weights if sum(weights) else [1] * len(weights)
    freights, refunds = money.share_out(freight, weights), money.share_out(refunded, weights)
    return {id: Line(id, value, freights[place], refunds[place]) for place, (id, value) in enumerate(parts)}


def open_exposure(
    line: Line, loss: Loss, *, order_id: OrderId, buyer_id: BuyerId, id: ExposureId, at: datetime
) -> Exposure:
    """An exposure on which nothing was drawn: of goods with their worth, of anything else until a rule gives something.

    It becomes a row with its first draw.
    """
    nothing = Money.zero(line.value.currency)
    ceiling = line.goods if loss is Loss.GOODS else nothing
    return Exposure(id, order_id, line.id, buyer_id, loss, (), ceiling, nothing, at, version=1)


def bounded(exposure: Exposure, line: Line, wish: Draw) -> Exposure:
    """The exposure with the ceiling that holds for that draw.

    Goods are worth what was paid for them less what the shop gave back since; a commitment that was not counted yet
    adds what its rule gives; goodwill without a commitment has room for itself and takes it from what rules give
    later. Never below what was drawn.
    """
    if exposure.loss is Loss.GOODS:
        return replace(exposure, ceiling=max(line.goods, exposure.drawn))
    wanted = wish.amounts[line.id]
    if wish.commitment_id is None:
        return exposure if exposure.commitments else replace(exposure, ceiling=max(exposure.ceiling, wanted))
    if wish.commitment_id in exposure.commitments:
        return exposure
    entitled = wanted if wish.entitled is None else wish.entitled.get(line.id, wanted)
    ceiling = exposure.ceiling + entitled if exposure.commitments else entitled
    commitments = (*exposure.commitments, str(wish.commitment_id))
    return replace(exposure, commitments=commitments, ceiling=max(ceiling, exposure.drawn))


def findings(exposures: Mapping[OrderLineId, Exposure], wish: Draw) -> tuple[Finding, ...]:
    """For each line whether its exposure has room for what is wished. `exposures` are bounded for the wish."""
    return tuple(
        Finding(
            "exposure.ceiling",
            amount <= exposures[id].left,
            "exposure_suffices",
            {
                "lineId": id,
                "loss": exposures[id].loss.value,
                "amountMinor": amount.minor,
                "ceilingMinor": exposures[id].ceiling.minor,
                "drawnMinor": exposures[id].drawn.minor,
                "leftMinor": exposures[id].left.minor,
                "currency": amount.currency,
            },
        )
        for id, amount in wish.amounts.items()
    )


def draw(exposures: Mapping[OrderLineId, Exposure], wish: Draw, *, partly: bool = False) -> dict[OrderLineId, Money]:
    """What is drawn for each line that anything is drawn for. `exposures` are bounded for the wish.

    Refuses (`exposure.draw`), naming every line, what goes above a ceiling; with `partly` what there is room for is
    drawn instead. A wish below zero is a bug (ValueError).
    """
    if any(amount.minor < 0 for amount in wish.amounts.values()):
        raise ValueError("nobody draws less than nothing")
    if not partly and (because := unmet(findings(exposures, wish))):
        raise Refused("exposure.draw", "One loss is paid once: that is more than is left of it.", because)
    taken = {id: min(amount, exposures[id].left) for id, amount in wish.amounts.items()}
    return {id: amount for id, amount in taken.items() if amount.minor > 0}


def drawn(row: Exposure | None, bounded: Exposure, amount: Money, wish: Draw) -> Change[Exposure]:
    """The bounded exposure with that much more drawn; `row` is what is stored of it, None before its first draw.

    Refuses (ValueError) what is above its ceiling: `draw` says how much may be drawn.
    """
    if not 0 < amount.minor <= bounded.left.minor:
        raise ValueError(f"{amount} is above what is left of {bounded.id}")
    after = replace(bounded, drawn=bounded.drawn + amount, version=1 if row is None else row.version + 1)
    return Change(row, after, (happening("exposure.drawn", after, amount, wish.subject_id),))


def release(exposure: Exposure, drawn: Money, amount: Money, subject_id: Id) -> Change[Exposure]:
    """What the subject had drawn is given back, up to all of it. Refuses more, and nothing, with ValueError."""
    if not 0 < amount.minor <= drawn.minor:
        raise ValueError(f"{subject_id} drew {drawn} on {exposure.id} and cannot give back {amount}")
    after = replace(exposure, drawn=exposure.drawn - amount, version=exposure.version + 1)
    return Change(exposure, after, (happening("exposure.released", after, amount, subject_id),))


def happening(name: str, exposure: Exposure, amount: Money, subject_id: Id) -> Happening:
    """What happened to the exposure, as others hear it."""
    facts: dict[str, Fact] = {
        "orderId": exposure.order_id,
        "lineId": exposure.line_id,
        "loss": exposure.loss.value,
        "subjectId": subject_id,
        "amountMinor": amount.minor,
        "drawnMinor": exposure.drawn.minor,
        "ceilingMinor": exposure.ceiling.minor,
        "currency": amount.currency,
    }
    return Happening(name, facts)


def spread(amount: Money, room: Iterable[tuple[OrderLineId, Money]]) -> dict[OrderLineId, Money]:
    """The amount over the lines by what each has room for; what no line has room for is left out.

    For money that names no line: a coupon for a whole order, a disputed card payment.
    """
    free = [(id, left) for id, left in room if left.minor > 0]
    if not free or amount.minor <= 0:
        return {}
    whole = money.total([left for _, left in free], amount.currency)
    parts = money.share_out(min(amount, whole), [left.minor for _, left in free])
    return {id: part for (id, _), part in zip(free, parts, strict=True) if part.minor}
