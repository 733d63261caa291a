"""What is counted of parties by month and quarter, and the points of the steps that are reached.

The party's points account is held while its counter grows, so that items that come in at once reach each step once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from api.operations import bearers, points
from domain import access, counters
from domain.claims import Claim
from domain.counters import CounterKind, FoundItem, RecordProhibitedGoods
from domain.coverage import Coverage
from domain.errors import Invalid, Problem, Refused
from domain.ids import CountedItemId, LiablePartyId, OrderId, PartyCounterId, ProviderId, SupplierId
from domain.liability import PARTIES, Shares, debtors
from domain.points import CauseKind, PointCause
from domain.remedies import REFUNDS, Award
from storage import calendars as calendar_rows
from storage import counters as counter_rows
from storage import orders as order_rows
from storage import points as point_rows
from storage import providers as provider_rows
from storage import rulebook
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work


async def record_prohibited_goods(work: Work, command: RecordProhibitedGoods) -> Outcome:
    """What the radar found is counted, each reference of a party once; each full step brings its points.

    Refuses, with every item that is wrong, unknown parties and items found in the future or before there was a rule.
    """
    access.require(work.caller, "recordProhibitedGoods")
    await _require_valid(work, command.items)
    by_party: defaultdict[LiablePartyId, dict[str, datetime]] = defaultdict(dict)
    for item in command.items:
        by_party[item.party_id].setdefault(item.reference, item.found_at)
    counted = 0
    for party_id in sorted(by_party):
        counted += await _count(work, party_id, CounterKind.PROHIBITED_GOODS, by_party[party_id])
    return Outcome(facts={"counted": counted, "known": len(command.items) - counted})


async def count_refund(work: Work, party_id: LiablePartyId, order_id: OrderId) -> None:
    """An order of the party was refunded because of it: it counts once in the month of the refund.

    Whoever decides on a refund calls it, after everything of claims and before money. Nothing follows without a rule.
    """
    try:
        await rulebook.in_force(work.connection, work.tenant_id, counters.RULE, work.at)
    except Refused:
        return
    await _count(work, party_id, CounterKind.SELLER_REFUNDS, {str(order_id): work.at})


async def follow_award(work: Work, claim: Claim, _cover: Coverage, awards: tuple[Award, ...], shares: Shares) -> None:
    """A claim gives money back: its order counts among those that each party caused which bears a part of it."""
    if not any(award.kind in REFUNDS for award in awards):
        return
    caused = {claim.party_id} if shares.of_bearer(claim.party_bears) else set()
    if any(part.bearer in PARTIES and part.bearer is not claim.party_bears for part in shares):
        order = await order_rows.get(work.connection, work.tenant_id, OrderId(claim.order_id))
        caused |= {debtor.party_id for debtor in debtors(shares, await bearers.of(work, claim, order, shares))}
    for party_id in sorted(caused):
        await count_refund(work, party_id, OrderId(claim.order_id))


async def _count(work: Work, party_id: LiablePartyId, kind: CounterKind, found: Mapping[str, datetime]) -> int:
    """Those of the references that are new are counted, each in its period; how many that were."""
    await point_rows.lock_account(work.connection, work.tenant_id, party_id)
    known = await counter_rows.known(work.connection, work.tenant_id, party_id, kind, list(found))
    calendar = await calendar_rows.get(work.connection, work.market)
    by_period: defaultdict[date, list[tuple[datetime, str]]] = defaultdict(list)
    for reference, at in found.items():
        if reference not in known:
            by_period[counters.period_of(kind, at, calendar)].append((at, reference))
    for period in sorted(by_period):
        await _grow(work, party_id, kind, period, sorted(by_period[period]))
    return sum(map(len, by_period.values()))


async def _grow(
    work: Work, party_id: LiablePartyId, kind: CounterKind, period: date, items: Sequence[tuple[datetime, str]]
) -> None:
    """The counter of that period has those items more; the steps that it newly reaches are penalised."""
    last_at = items[-1][0]
    version = await rulebook.in_force(work.connection, work.tenant_id, counters.RULE, last_at)
    rule = counters.counter_terms(version)
    counter = await counter_rows.find(work.connection, work.tenant_id, party_id, kind, period)
    counter = counter or counters.open_counter(party_id, kind, period, id=work.new_id(PartyCounterId))
    before = counter.steps
    change, violations = counters.count(counter, len(items), rule)
    await work.keep(change)
    work.add(
        *(
            counters.item(change.after, reference, at, id=work.new_id(CountedItemId), at=work.at)
            for at, reference in items
        )
    )
    for part, violation in enumerate(violations, start=before + 1):
        cause = PointCause(CauseKind.COUNTER, change.after.id, part)
        await points.penalise(work, party_id, (violation,), last_at, cause)


async def _require_valid(work: Work, items: Sequence[FoundItem]) -> None:
    """Returns if every item can be counted. Refuses with everything that is wrong."""
    problems = []
    suppliers = {item.party_id for item in items if isinstance(item.party_id, SupplierId)}
    providers = {item.party_id for item in items if isinstance(item.party_id, ProviderId)}
    known: frozenset[LiablePartyId] = frozenset(
        (
            *await supplier_rows.known(work.connection, work.tenant_id, suppliers),
            *await provider_rows.known(work.connection, work.tenant_id, providers),
        )
    )
    for place, item in enumerate(items):
        if item.party_id not in known:
            problems.append(Problem(("items", str(place), "partyId"), "there is no such party"))
        if item.found_at > work.at:
            problems.append(Problem(("items", str(place), "foundAt"), "lies ahead"))
            continue
        try:
            await rulebook.in_force(work.connection, work.tenant_id, counters.RULE, item.found_at)
        except Refused:
            problems.append(Problem(("items", str(place), "foundAt"), "no rule counted it then"))
    if problems:
        raise Invalid(*problems)
