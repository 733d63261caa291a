"""Judging a delivery history: what each delivered order would have been compensated with under an on-time rule.

Every buyer is taken as having applied, so neither the window to apply nor the tier is looked at; everything else is the
rule's own judgement of the order as it is in the books. Made good is an order only where that is asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from api.imports.books import Books
from api.operations import claims, enrolments
from domain import coverage, guarantees, money
from domain.deliveries import Recalled
from domain.enrolments import OfferGuarantee
from domain.exchange_rates import Conversion
from domain.guarantees import Judgement, OnTimeTerms
from domain.ids import CoverageId, ProviderId
from domain.money import Money
from domain.orders import Order, OrderLine
from domain.rulebook import RuleVersion
from domain.shipments import Shipment, ShipmentMode
from storage import calendars as calendar_rows
from storage import coverage as coverage_rows
from storage import enrolments as guarantee_rows
from storage import exchange_rates as rate_rows
from storage.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Verdict:
    """One delivered order, judged. `carrier` had the first of its late lines; `claimed`: it was made good now."""

    order: Order
    shipments: tuple[Shipment, ...]
    judgement: Judgement
    carrier: ProviderId | None
    claimed: bool = False


@dataclass(slots=True)
class Share:
    """What fell to one mode of shipment. An order whose late lines went in two modes counts in both."""

    late_lines: int = 0
    orders: int = 0
    compensation: dict[str, Money] = field(default_factory=dict)
    """By currency."""

    def add(self, late_lines: int, amount: Money) -> None:
        """One order more, with so many late lines and that compensation."""
        self.late_lines += late_lines
        self.orders += 1
        self.compensation[amount.currency] = (
            self.compensation.get(amount.currency, Money.zero(amount.currency)) + amount
        )


@dataclass(slots=True)
class Tally:
    """What was found; the same in whatever order the orders were judged."""

    judged: int = 0
    compensated: int = 0
    claimed: int = 0
    total: Share = field(default_factory=Share)
    by_mode: dict[ShipmentMode, Share] = field(default_factory=dict)

    def add(self, verdict: Verdict) -> None:
        """One order more."""
        judgement = verdict.judgement
        self.judged += 1
        self.claimed += verdict.claimed
        if not judgement.late_line_ids:
            return
        self.compensated += judgement.amount.minor > 0
        self.total.add(len(judgement.late_line_ids), judgement.amount)
        late = _late_by_mode(verdict)
        weights = [sum(line.value.minor for line in lines) for lines in late.values()]
        # Lines worth nothing bring nothing, and that nothing is shared evenly.
        parts = money.share_out(judgement.amount, weights if any(weights) else [1] * len(weights))
        for (mode, lines), part in zip(late.items(), parts, strict=True):
            self.by_mode.setdefault(mode, Share()).add(len(lines), part)


class Judge:
    """One rule for a whole history. `version` is given where orders shall be made good under it."""

    def __init__(self, terms: OnTimeTerms, *, version: RuleVersion | None = None) -> None:
        self.terms, self.version = terms, version
        self.tally = Tally()
        self._rates: dict[str, Conversion | None] = {}

    async def prepare(self, books: Books, carriers: Iterable[ProviderId]) -> None:
        """Every carrier stands for the rule, where orders shall be made good."""
        version = self.version
        if version is None:
            return

        async def offer(work: Work) -> None:
            for carrier in carriers:
                found = await guarantee_rows.find_offered(work.connection, work.tenant_id, carrier, version.key)
                if found is None:
                    await enrolments.offer_guarantee(work, OfferGuarantee(version.key, carrier))

        await books.act(offer)

    async def verdict(self, work: Work, recalled: Recalled) -> Verdict | None:
        """The order judged as it stands, and made good where that is asked for; None while some of it is on its way.

        Refuses (`exchange_rate.known`) where the cap is in another currency and no rate is recorded.
        """
        if any(line.delivered_at is None for line in recalled.order.lines):
            return None
        rate = await self._rate(work, recalled.order.total.currency)
        verdict = self._judged(recalled, rate, work.at)
        if self.version is None or verdict.carrier is None or not verdict.judgement.tree.holds:
            return verdict
        owed = self._judgement(recalled, rate, work.at, verdict.carrier)
        if not owed.tree.holds:
            return verdict  # its own part of it rounds to nothing
        return await _made_good(work, verdict, verdict.carrier, owed, self.version)

    def _judgement(
        self, recalled: Recalled, rate: Conversion | None, at: datetime, carrier: ProviderId | None = None
    ) -> Judgement:
        """The whole order judged or, where a carrier is named, what that one answers for."""
        facts = coverage.order_facts(recalled.order, recalled.shipments, provider_id=carrier)
        return guarantees.judge_on_time(self.terms, facts, at, conversion=rate)

    def _judged(self, recalled: Recalled, rate: Conversion | None, at: datetime) -> Verdict:
        order, shipments = recalled.order, recalled.shipments
        judgement = self._judgement(recalled, rate, at)
        late = frozenset(judgement.late_line_ids)
        carriers = {shipment.id: shipment.provider_id for shipment in shipments}
        shipped = (line.shipment_id for line in order.lines if line.id in late and line.shipment_id is not None)
        return Verdict(order, shipments, judgement, next((carriers[id] for id in shipped), None))

    async def _rate(self, work: Work, currency: str) -> Conversion | None:
        """Today's rate from the cap's currency into the order's, looked up once; None where they are one."""
        if currency not in self._rates:
            foreign = guarantees.needs_rate(self.terms, currency)
            self._rates[currency] = None
            if foreign is not None:
                day = work.at.date()
                self._rates[currency] = await rate_rows.rate(work.connection, work.tenant_id, foreign, currency, day)
        return self._rates[currency]


async def _made_good(
    work: Work, verdict: Verdict, carrier: ProviderId, owed: Judgement, version: RuleVersion
) -> Verdict:
    """What the carrier owes is a claim with its coupon. An order that has a cover already is left as it is."""
    order = verdict.order
    if await coverage_rows.by_order(work.connection, work.tenant_id, order.id):
        return verdict
    guarantee = await guarantee_rows.find_offered(work.connection, work.tenant_id, carrier, version.key)
    if guarantee is None:
        return verdict  # withdrawn by hand since the run began
    calendar = await calendar_rows.get(work.connection, order.country)
    cover = coverage.cover_order(order, guarantee, version, calendar, id=work.new_id(CoverageId))
    await work.keep(cover)
    await work.write()  # the claim changes the cover again, and a statement holds one change of a thing
    await claims.open_automatically(work, cover.after, owed)
    return Verdict(order, verdict.shipments, verdict.judgement, carrier, claimed=True)


def _late_by_mode(verdict: Verdict) -> dict[ShipmentMode, list[OrderLine]]:
    modes = {shipment.id: shipment.mode for shipment in verdict.shipments}
    late = frozenset(verdict.judgement.late_line_ids)
    found: dict[ShipmentMode, list[OrderLine]] = {}
    for line in verdict.order.lines:
        if line.id in late:
            mode = ShipmentMode.UNSTATED if line.shipment_id is None else modes[line.shipment_id]
            found.setdefault(mode, []).append(line)
    return found
