"""Parcels on their way back: what carriers report of them moves the return that travels so.

Reports come in with those of shipments (`api/operations/tracking.py`), by the marketplace's own machines and people:
neither side of a return may say where its parcel is. Each is kept once; a return follows all that is known of its
parcel, whichever came first, the report or the number.

Locks are taken in the order order → claim → return → parcel.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from api.operations import returns
from domain import parcels, reports, tracking
from domain.carriers import NOTHING, Meaning
from domain.ids import GoodsReturnId, ParcelReportId
from domain.parcels import ParcelReport
from domain.reports import Received, Reception, ReportRefusal
from domain.tracking import NewEvent
from storage import carriers as carrier_rows
from storage import parcels as parcel_rows
from storage import returns as return_rows
from storage.unit_of_work import Work


async def receive(work: Work, told: Mapping[int, tuple[NewEvent, Meaning | None]]) -> dict[int, Received]:
    """What became of each report of goods that go back, by its place; what is news moves their returns.

    `told` says beside each report what its carrier's code means, None where nobody knows.
    """
    if not work.caller.is_operator:
        return {
            index: _refused(index, event, ReportRefusal.NO_SUCH_SHIPMENT, "No such goods go back.")
            for index, (event, _) in told.items()
        }
    keys = {
        index: parcels.key(event.return_carrier or "", event.tracking_number or "")
        for index, (event, _) in told.items()
    }
    wanted = sorted(set(keys.values()))
    held = await returns.lock_all(work, await return_rows.by_parcels(work.connection, work.tenant_id, wanted))
    for parcel in wanted:
        await parcel_rows.lock(work.connection, work.tenant_id, parcel)
    # Whoever told a number in between did so before the parcel was ours: its return is found now.
    found = await return_rows.by_parcels(work.connection, work.tenant_id, wanted)
    held |= await returns.lock_all(work, [goods for goods in found if goods.id not in held])
    travels: dict[str, GoodsReturnId] = {}
    for goods, _ in held.values():
        travels[goods.parcel or ""] = max(goods.id, travels.get(goods.parcel or "", goods.id))
    known = await parcel_rows.by_parcels(work.connection, work.tenant_id, wanted)
    read, full = await _read(work, told, keys, travels, {(report.parcel, report.reference) for report in known})
    news, received = reports.sift(known, read, parcels.subject)
    work.add(*news)
    changed = {report.parcel for report in news}
    for goods, claim in held.values():
        if goods.parcel in changed:
            all_told = [report for report in (*known, *news) if report.parcel == goods.parcel]
            await returns.follow_parcel(work, goods, claim, all_told)
    return {**received, **full}


async def _read(
    work: Work,
    told: Mapping[int, tuple[NewEvent, Meaning | None]],
    keys: Mapping[int, str],
    travels: Mapping[str, GoodsReturnId],
    known: Iterable[tuple[str, str]],
) -> tuple[dict[int, ParcelReport], dict[int, Received]]:
    """The reports in our own words, by their places; and those for which there is no room to wait."""
    terms = await carrier_rows.terms(work.connection, work.tenant_id, work.at)
    seen = set(known)
    waits = any(parcel not in travels for parcel in keys.values())
    count = await parcel_rows.count_waiting(work.connection, work.tenant_id, work.at) if waits else 0
    room = terms.waiting_reports_max - count
    read: dict[int, ParcelReport] = {}
    full: dict[int, Received] = {}
    for index, (event, meaning) in told.items():
        parcel, of = keys[index], travels.get(keys[index])
        if of is None and (parcel, event.reference) not in seen:
            if room <= 0:
                message = f"{terms.waiting_reports_max:,} reports wait for goods that nobody is known to send back."
                full[index] = _refused(index, event, ReportRefusal.WAITING_ROOM_FULL, message)
                continue
            room -= 1
            seen.add((parcel, event.reference))
        says = meaning or NOTHING
        read[index] = ParcelReport(
            id=work.new_id(ParcelReportId),
            parcel=parcel,
            return_id=of,
            carrier=event.return_carrier or "",
            tracking_number=event.tracking_number or "",
            reference=event.reference,
            status=says.status,
            reason=says.reason,
            milestone=says.milestone,
            place=event.place,
            note=event.note,
            eta_at=event.eta_at,
            codes_of=event.carrier,
            code=event.code,
            # A parcel may have left before anybody wrote down that it shall: only a clock that is ahead shows.
            flags=tracking.flags_of(
                event, terms, begun_at=event.occurred_at, at=work.at, known_code=meaning is not None
            ),
            occurred_at=event.occurred_at,
            recorded_at=work.at,
            expires_at=None if of is not None else work.at + timedelta(days=terms.waiting_days),
        )
    return read, full


def _refused(index: int, event: NewEvent, code: ReportRefusal, message: str) -> Received:
    return Received(index, event.reference, Reception.REFUSED, code=code, message=message)
