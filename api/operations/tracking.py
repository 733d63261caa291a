"""Tracking: what carriers report is kept once, and shipments, lines, clocks and records stand where it all adds up to.

How it works. `receive` takes a batch in which each report stands for itself: it finds the shipments by whatever name
the reporter has for them, locks them, reads what their carriers' codes mean, keeps the news and lets `take` fold it.
`record_tracking_events` is the same for a batch that succeeds or fails as a whole. A report of a shipment that nobody
has recorded waits, and `join` brings the two together.

A shipment's clocks are not touched by each report: a clock that is over looks when the goods last moved, and waits on
from there. Only a shipment that ends, or goes on after it had ended or was stuck, ends or starts its clocks.

Locks are taken in the order orders whose lines may change → shipments → waiting reports → counters.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from api.operations import certificates, coverage, messages, parcels, points, records
from domain import access, carriers, clocks, orders, reports, shipments, tracking
from domain.carriers import CarrierCodes, Meaning
from domain.change import Change
from domain.clocks import Clock, Duty
from domain.errors import Conflict, Invalid, NotFound, Problem
from domain.ids import ClockId, OrderId, ProviderId, ShipmentId, TrackingEventId, WaitingEventId
from domain.orders import Order
from domain.penalties import Occasion
from domain.points import CauseKind, PointCause
from domain.reports import Received, Reception, RecordTrackingBatch, ReportRefusal, WaitingEvent
from domain.shipments import Shipment
from domain.tracking import (
    NewEvent,
    RecordTrackingEvents,
    ShipmentState,
    TrackingEvent,
    TrackingReason,
    TrackingStatus,
)
from domain.tracking_terms import TrackingTerms
from storage import calendars as calendar_rows
from storage import carriers as carrier_rows
from storage import clocks as clock_rows
from storage import orders as order_rows
from storage import shipments as shipment_rows
from storage import tracking as tracking_rows
from storage.shipments import Begun, Name
from storage.unit_of_work import Outcome, Work

DUTIES: Final = (Duty.NO_MOVEMENT, Duty.PRESUME_LOST)
"""The clocks of a shipment."""


@dataclass(frozen=True, slots=True)
class Locked:
    """A shipment, this transaction's until its end, and the beginning of its order."""

    shipment: Shipment
    begun: Begun


# -- what comes in -------------------------------------------------------------------------------------------------


async def record_tracking_events(work: Work, command: RecordTrackingEvents) -> Outcome:
    """What the reports say is recorded once each, and their shipments and lines stand where all reports add up to.

    Refuses all of them if one is wrong by itself, is of a shipment that does not concern the caller or is not known, or
    has a reference that was used for another report. A wrong clock and an unknown code are flagged, not refused.
    """
    access.require(work.caller, "recordTrackingEvents")
    told = work.told
    with told:
        tracking.require_batch(command.events, tracking.EVENTS_MAX)
    places = [place for place in range(len(command.events)) if not told.about("events", str(place))]
    received = await receive(work, [command.events[place] for place in places])
    for place, one in zip(places, received, strict=True):
        with told:
            _require_kept(command.events[place], one, "events", str(place))
    told.done()
    found = tuple(dict.fromkeys(one.shipment_id for one in received if one.shipment_id is not None))
    back = tuple(dict.fromkeys(one.return_id for one in received if one.return_id is not None))
    news = sum(one.reception is not Reception.DUPLICATE for one in received)
    return Outcome({"shipments": found, "returns": back}, {"recorded": news, "known": len(received) - news})


async def record_tracking_batch(work: Work, command: RecordTrackingBatch) -> Outcome:
    """Each report is recorded, known, kept for later or refused by itself; the answer says which, report by report."""
    access.require(work.caller, "recordTrackingBatch")
    tracking.require_batch(command.events, tracking.BATCH_MAX)
    received = await receive(work, command.events)
    return Outcome(facts={"receptions": [plain(one) for one in received]})


def plain(received: Received) -> dict[str, object]:
    """What became of a report, in JSON's own types and the names that clients see."""
    return {
        "index": received.index,
        "reference": received.reference,
        "reception": received.reception.value,
        "shipmentId": received.shipment_id,
        "returnId": received.return_id,
        "flags": [flag.value for flag in received.flags],
        "code": None if received.code is None else received.code.value,
        "message": received.message,
    }


def _require_kept(event: NewEvent, received: Received, *where: str) -> None:
    """Returns if the report at that place was neither refused nor has to wait. Otherwise refuses with what is wrong."""
    if received.code is ReportRefusal.INVALID:
        problems = event.problems or (Problem((), received.message or ""),)
        raise Invalid(*(Problem((*where, *problem.field), problem.message) for problem in problems))
    if received.code is ReportRefusal.REFERENCE_REUSED:
        raise Conflict(received.message or "", field=(*where, "reference"))
    if received.shipment_id is None and received.return_id is None:  # refused, or waiting for what it is of
        raise NotFound(received.message or "There is no such shipment.", field=where)


async def receive(work: Work, told: Sequence[NewEvent]) -> tuple[Received, ...]:
    """What became of each report; what is news is recorded with all that follows."""
    answers: dict[int, Received] = {}
    named = _named(work, told, answers)
    answers |= await _take_back(work, told, answers)
    by_name = await _by_names(work, named.values())
    ids: dict[int, ShipmentId] = {}
    unknown: dict[int, Name] = {}
    for index, name in named.items():
        candidates = (name,) if isinstance(name, ShipmentId) else by_name[name]
        if len(candidates) == 1:
            ids[index] = candidates[0]
        elif isinstance(name, Name) and not candidates:
            unknown[index] = name
        else:
            message = "Several shipments travel under that number: name the one that is meant."
            _refuse(answers, index, told[index], ReportRefusal.AMBIGUOUS_NUMBER, message)
    found = dict(await _lock_told(work, told, ids))
    if unknown:
        come = await _let_wait(work, told, unknown, answers)
        found |= await _lock_told(work, told, come)
        ids |= come
    await _take_told(work, told, ids, found, answers)
    return tuple(answers[index] for index in range(len(told)))


async def _take_back(work: Work, told: Sequence[NewEvent], answers: Mapping[int, Received]) -> Mapping[int, Received]:
    """What became of the reports of goods that go back, but for those that were refused already."""
    back = {
        index: event for index, event in enumerate(told) if event.return_carrier is not None and index not in answers
    }
    if not back:
        return {}
    tables = await _tables(work, back.values())
    return await parcels.receive(work, {index: (event, _meaning(tables, event)) for index, event in back.items()})


def _named(work: Work, told: Sequence[NewEvent], answers: dict[int, Received]) -> Mapping[int, ShipmentId | Name]:
    """What each report calls its shipment; those that are wrong by themselves are refused."""
    named: dict[int, ShipmentId | Name] = {}
    carriers_told: set[str] = set()
    for index, event in enumerate(told):
        problems = event.problems
        if event.carrier is not None:
            carriers_told.add(event.carrier)
            if len(carriers_told) > tracking.CARRIERS_MAX:
                problems = (Problem((), f"One batch speaks of at most {tracking.CARRIERS_MAX} carriers."),)
        if problems:
            _refuse(answers, index, event, ReportRefusal.INVALID, " ".join(problem.message for problem in problems))
        elif event.return_carrier is not None:
            continue
        elif (name := _name(work, event)) is None:
            _refuse(answers, index, event, ReportRefusal.NO_SUCH_SHIPMENT, "There is no such shipment.")
        else:
            named[index] = name
    return named


def _refuse(answers: dict[int, Received], index: int, event: NewEvent, code: ReportRefusal, message: str) -> None:
    answers[index] = Received(index, event.reference, Reception.REFUSED, code=code, message=message)


def _name(work: Work, event: NewEvent) -> ShipmentId | Name | None:
    """What the report calls its shipment; None where it does not say whose reference that is, or another's.

    Names are for the provider itself and for staff: anybody else could ask which there are, or let reports wait.
    """
    if event.shipment_id is not None:
        return event.shipment_id
    party = work.caller.party_id
    own = party if isinstance(party, ProviderId) else None
    provider_id = event.provider_id or own
    if provider_id is None or (provider_id != own and not work.caller.is_operator):
        return None
    if event.shipment_reference is not None:
        return Name(provider_id, event.shipment_reference, is_number=False)
    return Name(provider_id, event.tracking_number or "", is_number=True)


async def _by_names(work: Work, names: Iterable[ShipmentId | Name]) -> Mapping[Name, tuple[ShipmentId, ...]]:
    wanted = {name for name in names if isinstance(name, Name)}
    return await shipment_rows.by_names(work.connection, work.tenant_id, wanted) if wanted else {}


async def _lock_told(
    work: Work, told: Sequence[NewEvent], ids: Mapping[int, ShipmentId]
) -> Mapping[ShipmentId, Locked]:
    """The shipments that the reports are of, as `lock` finds them."""
    tables = await _tables(work, (told[index] for index in ids))
    meanings = {index: _meaning(tables, told[index]) or carriers.NOTHING for index in ids}
    delivering = {
        ids[index]
        for index, meaning in meanings.items()
        if meaning.status is TrackingStatus.DELIVERED or meaning.reason is TrackingReason.CARRIER_LOST
    }
    return await lock(work, sorted(set(ids.values())), delivering=delivering) if ids else {}


async def _tables(work: Work, told: Iterable[NewEvent]) -> Mapping[str, CarrierCodes | None]:
    """Carrier -> its table of codes in force, of the carriers that the reports speak of."""
    names = dict.fromkeys(event.carrier for event in told if event.carrier is not None)
    return {name: await carrier_rows.find(work.connection, work.tenant_id, name, work.at) for name in names}


def _meaning(tables: Mapping[str, CarrierCodes | None], event: NewEvent) -> Meaning | None:
    """What the report says in our own words; None for a code that nobody knows."""
    if event.status is not None:
        return Meaning(event.status, event.reason, event.milestone)
    table = tables.get(event.carrier or "")
    return None if table is None else table.meaning(event.code or "")


async def _take_told(
    work: Work,
    told: Sequence[NewEvent],
    ids: Mapping[int, ShipmentId],
    found: Mapping[ShipmentId, Locked],
    answers: dict[int, Received],
) -> None:
    """The reports of the shipments that were found are taken, the others refused; their answers are filled in."""
    kept: dict[int, tuple[ShipmentId, NewEvent]] = {}
    for index, id in ids.items():
        if id in found:
            kept[index] = (id, told[index])
        else:
            _refuse(answers, index, told[index], ReportRefusal.NO_SUCH_SHIPMENT, f"There is no shipment {id}.")
    answers.update(await take(work, found, await interpret(work, found, kept)))


async def lock(
    work: Work, ids: Sequence[ShipmentId], *, delivering: Iterable[ShipmentId] = (), everybody: bool = False
) -> Mapping[ShipmentId, Locked]:
    """Those of the shipments that exist and concern the caller (or `everybody`), this transaction's until its end.

    The orders of those that a report may deliver or lose, or that are over and may prove not to be, are locked first.
    """
    seen = await shipment_rows.glimpse(work.connection, work.tenant_id, ids)
    for_caller = {one.id: one for one in seen if everybody or one.concerns(work.caller)}
    wanted = set(delivering)
    order_ids = {one.begun.order_id for one in for_caller.values() if one.is_over or one.id in wanted}
    if order_ids:
        await order_rows.lock_ids(work.connection, work.tenant_id, sorted(order_ids))
    locked = await shipment_rows.lock_by_ids(work.connection, work.tenant_id, list(for_caller))
    return {one.id: Locked(one, for_caller[one.id].begun) for one in locked}


async def interpret(
    work: Work, found: Mapping[ShipmentId, Locked], told: Mapping[int, tuple[ShipmentId, NewEvent]]
) -> dict[int, TrackingEvent]:
    """The reports in our own words, each with its flags, by their places."""
    terms = await carrier_rows.terms(work.connection, work.tenant_id, work.at)
    tables = await _tables(work, (event for _, event in told.values()))
    events = {}
    for place, (shipment_id, event) in told.items():
        meaning = _meaning(tables, event)
        begun_at = found[shipment_id].begun.placed_at
        flags = tracking.flags_of(event, terms, begun_at=begun_at, at=work.at, known_code=meaning is not None)
        says = meaning or carriers.NOTHING
        events[place] = TrackingEvent(
            id=work.new_id(TrackingEventId),
            shipment_id=shipment_id,
            reference=event.reference,
            status=says.status,
            reason=says.reason,
            place=event.place,
            note=event.note,
            eta_at=event.eta_at,
            occurred_at=event.occurred_at,
            recorded_at=work.at,
            milestone=says.milestone,
            carrier=event.carrier,
            code=event.code,
            leg_number=event.leg_number,
            flags=flags,
        )
    return events


# -- what follows --------------------------------------------------------------------------------------------------


async def take(
    work: Work, found: Mapping[ShipmentId, Locked], told: Mapping[int, TrackingEvent]
) -> dict[int, Received]:
    """The news among the reports are recorded, with all that follows; what became of each is returned by its place.

    The shipments are locked (`lock`). Only of those whose news are not the latest everything known is read.
    """
    if not told:
        return {}
    references = {(event.shipment_id, event.reference) for event in told.values()}
    known = await tracking_rows.by_references(work.connection, work.tenant_id, references)
    news, received = reports.sift(known, told, reports.shipment)
    news_of: defaultdict[ShipmentId, list[TrackingEvent]] = defaultdict(list)
    for event in news:
        news_of[event.shipment_id].append(event)
    moved = await _progressed(work, found, news_of)
    work.add(*news)
    await work.keep_all(moved)
    await certificates.tell_estimates(work, moved)
    await _deliver(work, [change for change in moved if _lines_change(change)])
    await wind(work, moved, {id: one.begun for id, one in found.items()})
    await messages.watch(work, moved)
    await records.count(work, moved)
    return received


async def _progressed(
    work: Work, found: Mapping[ShipmentId, Locked], news_of: Mapping[ShipmentId, Sequence[TrackingEvent]]
) -> list[Change[Shipment]]:
    """The shipments that stand elsewhere with the news, in the order of their ids."""
    stood = {id: shipments.standing(found[id].shipment) for id in news_of}
    anew = {id for id, news in news_of.items() if not tracking.later(news, stood[id])}
    told_of: defaultdict[ShipmentId, list[TrackingEvent]] = defaultdict(list)
    if anew:
        for event in await tracking_rows.by_shipments(work.connection, work.tenant_id, anew):
            told_of[event.shipment_id].append(event)
    moved: list[Change[Shipment]] = []
    for id in sorted(news_of):
        if id in anew:
            stands = tracking.progress([*told_of[id], *news_of[id]])
        else:
            stands = tracking.progress(news_of[id], stood[id])
        change = shipments.take_progress(found[id].shipment, stands)
        if change is not None:
            moved.append(change)
    return moved


def _lines_change(change: Change[Shipment]) -> bool:
    """Whether something arrived, or was lost, or is not lost after all: lines and the windows of covers follow."""
    before, after = change.before, change.after
    if before is None:
        return False
    lost = ShipmentState.LOST in {before.state, after.state} and before.state is not after.state
    return lost or before.delivered_at != after.delivered_at


async def _deliver(work: Work, moved: Sequence[Change[Shipment]]) -> None:
    """The lines of those shipments are delivered as their shipments are."""
    if not moved:
        return
    by_order: defaultdict[OrderId, list[Shipment]] = defaultdict(list)
    for change in moved:
        by_order[change.after.order_id].append(change.after)
    delivered: list[Change[Order]] = []
    ends: dict[OrderId, Order] = {}
    for order in await order_rows.lock_by_ids(work.connection, work.tenant_id, sorted(by_order)):
        stands = order
        for shipment in by_order[order.id]:
            step = orders.deliver_lines(stands, shipment.id, shipment.delivered_at)
            if step is not None:
                stands = step.after
                delivered.append(step)
        ends[order.id] = stands
    await work.keep_all(delivered)
    await coverage.take_receipts(work, list(ends.values()))


async def wind(work: Work, changes: Sequence[Change[Shipment]], begun: Mapping[ShipmentId, Begun]) -> None:
    """The clocks of the shipments run if and only if something is waited for. Their own lock or newness covers them."""
    started: list[Change[Clock]] = []
    ending: dict[ShipmentId, set[Duty]] = {}
    for change in changes:
        before, after = change.before, change.after
        for duty, waits in _WAITS.items():
            waited = before is not None and waits(before)
            if waits(after) and not waited:
                started.extend(await _start(work, duty, after, begun[after.id].country))
            elif waited and not waits(after):
                ending.setdefault(after.id, set()).add(duty)
    if ending:
        live = await clock_rows.lock_live_all(work.connection, work.tenant_id, list(ending), DUTIES)
        started += [
            clocks.complete(clock, at=work.at) for clock in live if clock.duty in ending[ShipmentId(clock.subject_id)]
        ]
    await work.keep_all(started)


_WAITS: Final = {Duty.NO_MOVEMENT: shipments.waits_for_movement, Duty.PRESUME_LOST: shipments.may_be_lost}
_UNTIL: Final = {Duty.NO_MOVEMENT: shipments.stuck_after, Duty.PRESUME_LOST: shipments.lost_after}
assert _WAITS.keys() == _UNTIL.keys() == set(DUTIES)


async def _start(work: Work, duty: Duty, shipment: Shipment, country: str) -> list[Change[Clock]]:
    """The clock of that duty, or nothing where nothing is waited for."""
    terms = await carrier_rows.terms(work.connection, work.tenant_id, work.at)
    calendar = await calendar_rows.get(work.connection, country)
    due_at = _UNTIL[duty](shipment, terms, calendar)
    if due_at is None:
        return []
    id = work.new_id(ClockId)
    party_id = shipment.provider_id
    return [clocks.start(duty, shipment.id, due_at, id=id, at=work.at, party_id=party_id, calendar=calendar.market)]


# -- shipments that come after their reports -----------------------------------------------------------------------


async def _let_wait(
    work: Work, told: Sequence[NewEvent], unknown: Mapping[int, Name], answers: dict[int, Received]
) -> dict[int, ShipmentId]:
    """The reports wait for their shipments, as far as there is room; shipments that came meanwhile are returned."""
    for provider_id in sorted({name.provider_id for name in unknown.values()}):
        await tracking_rows.lock_waiting(work.connection, work.tenant_id, provider_id)
    by_name = await _by_names(work, unknown.values())
    come = {index: by_name[name][0] for index, name in unknown.items() if by_name[name]}
    terms = await carrier_rows.terms(work.connection, work.tenant_id, work.at)
    waiting: dict[int, WaitingEvent] = {}
    room: dict[ProviderId, int] = {}
    for index, name in unknown.items():
        if index in come:
            continue
        if name.provider_id not in room:
            count = await tracking_rows.count_waiting(work.connection, work.tenant_id, name.provider_id, work.at)
            room[name.provider_id] = terms.waiting_reports_max - count
        if room[name.provider_id] <= 0:
            message = f"{terms.waiting_reports_max:,} reports wait for shipments that nobody has recorded."
            _refuse(answers, index, told[index], ReportRefusal.WAITING_ROOM_FULL, message)
            continue
        room[name.provider_id] -= 1
        waiting[index] = _waiting(work, told[index], name, terms)
    kept = await tracking_rows.let_wait(work.connection, work.tenant_id, list(waiting.values())) if waiting else ()
    for index, event in waiting.items():
        reception = Reception.WAITING if event.id in kept else Reception.DUPLICATE
        answers[index] = Received(index, event.reference, reception, message="Nobody has recorded such a shipment yet.")
    return come


def _waiting(work: Work, event: NewEvent, name: Name, terms: TrackingTerms) -> WaitingEvent:
    return WaitingEvent(
        id=work.new_id(WaitingEventId),
        provider_id=name.provider_id,
        shipment_reference=None if name.is_number else name.text,
        tracking_number=name.text if name.is_number else None,
        reference=event.reference,
        report=reports.plain_report(event),
        received_at=work.at,
        expires_at=work.at + timedelta(days=terms.waiting_days),
    )


async def join(
    work: Work, shipment: Shipment, begun: Begun, numbers: Iterable[str | None], *, reference: str | None
) -> None:
    """Reports that waited for the shipment, by its reference or one of its numbers, are taken.

    The order and the shipment are this transaction's; what was kept of the shipment is written.
    """
    await tracking_rows.lock_waiting(work.connection, work.tenant_id, shipment.provider_id)
    waited: list[WaitingEvent] = []
    for number in dict.fromkeys(numbers):
        waited += await tracking_rows.take_waiting(
            work.connection, work.tenant_id, shipment.provider_id, reference, number, work.at
        )
    if waited:
        found = {shipment.id: Locked(shipment, begun)}
        told = {place: (shipment.id, reports.read_report(event.report)) for place, event in enumerate(waited)}
        await take(work, found, await interpret(work, found, told))


# -- silence -------------------------------------------------------------------------------------------------------


async def fire_no_movement(work: Work, clock: Clock) -> None:
    """The goods were not seen moving for days: the shipment is flagged. Had they moved, the clock waits on."""
    id = ShipmentId(clock.subject_id)
    found = await lock(work, [id], everybody=True)
    shipment, begun = found[id].shipment, found[id].begun
    if not shipments.waits_for_movement(shipment):
        return
    if not await _waits_on(work, Duty.NO_MOVEMENT, shipment, begun):
        change = shipments.flag_stalled(shipment, work.at)
        await work.keep(change)
        await messages.watch(work, [change])
        await records.count(work, [change])
        if shipment.moved_at is None:
            cause = PointCause(CauseKind.SHIPMENT, shipment.id)
            await points.penalise_occasion(work, shipment.provider_id, Occasion.NEVER_SEEN_MOVING, work.at, cause)


async def fire_presume_lost(work: Work, clock: Clock) -> None:
    """The goods did not come for so long that they count as lost, by a report of the platform, until they are found."""
    id = ShipmentId(clock.subject_id)
    found = await lock(work, [id], delivering=[id], everybody=True)
    shipment, begun = found[id].shipment, found[id].begun
    if not shipments.may_be_lost(shipment):
        return
    if not await _waits_on(work, Duty.PRESUME_LOST, shipment, begun):
        report = shipments.presumption(shipment, id=work.new_id(TrackingEventId), at=work.at)
        await take(work, found, {0: report})


async def _waits_on(work: Work, duty: Duty, shipment: Shipment, begun: Begun) -> bool:
    """Whether time is not over yet, since the goods moved meanwhile: then the clock runs on from there."""
    started = await _start(work, duty, shipment, begun.country)
    if not started or started[0].after.due_at < work.at:
        return False
    await work.keep(*started)
    return True
