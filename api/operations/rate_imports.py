"""Imports of rate sheets: asked for, read piece by piece, ended; who reads is `api/imports/rate_sheets.py`.

Each piece is one transaction under the import's lock: its lines are rates or rejects, and the import knows where the
next one begins. The last piece looks whether the brackets fit each other and decides what becomes of the draft.
"""

from collections.abc import Sequence

from api.operations import rate_sheets as sheets
from domain import access, rate_files, rate_imports, rate_sheets, rates
from domain.errors import NotFound
from domain.explain import Finding, Input
from domain.ids import RateId, RateImportId, RateRejectId, RateSheetId, SurchargeId
from domain.rate_files import Layout, Line
from domain.rate_imports import (
    REJECTS_MAX,
    ROW_CHARACTERS_MAX,
    CancelRateImport,
    File,
    ImportRateSheet,
    RateImport,
    RateImportState,
    RateReject,
)
from domain.rate_sheets import RATES_MAX, SURCHARGES_MAX, RateSheet, RateSheetState, SheetWish
from domain.rates import Surcharge
from domain.services import Service, ServiceAction
from domain.uploads import UploadKind, require_usable
from storage import providers as provider_rows
from storage import rate_imports as import_rows
from storage import rate_sheets as sheet_rows
from storage import services as service_rows
from storage import uploads as upload_rows
from storage.unit_of_work import Outcome, Work

KINDS = frozenset({UploadKind.RATE_SHEET})


async def import_rate_sheet(work: Work, command: ImportRateSheet) -> Outcome:
    """A new version of the service's prices is being read from the upload, by the worker.

    Refuses, with every reason: an upload that is not the provider's own, not accepted, no rate sheet or no CSV;
    what `draft_rate_sheet` refuses of a sheet.
    """
    access.require(work.caller, "importRateSheet")
    told = work.told
    with told:
        rate_sheets.require_sheet(command.sheet, sheets.odd_surcharges(work, command.sheet))
    with told:
        service = await sheets.writable(work, command.sheet.service_id, ServiceAction.IMPORT_RATE_SHEET)
        with told:
            await sheets.require_predecessor(work, service, command.sheet)
        provider = await provider_rows.get(work.connection, work.tenant_id, service.provider_id)
        upload = await upload_rows.get(work.connection, work.tenant_id, command.upload_id)
        require_usable(upload, provider.organisation_id, KINDS)
        rate_imports.require_csv(upload)
    told.done()
    file = File(upload.file_name, upload.size_bytes, upload.sha256, upload.id)
    begun = await begin(work, service, command.sheet, file, dry_run=command.dry_run)
    return Outcome({"rateImport": begun.id, "rateSheet": begun.rate_sheet_id})


async def begin(work: Work, service: Service, wish: SheetWish, file: File, *, dry_run: bool) -> RateImport:
    """A draft is opened for the file. The service is locked. Refuses like `domain.rate_sheets.open_sheet`."""
    await sheets.require_predecessor(work, service, wish)
    opened = rate_sheets.open_sheet(
        service,
        wish,
        number=await sheet_rows.next_number(work.connection, work.tenant_id, service.id),
        id=work.new_id(RateSheetId),
        surcharge_ids=[work.new_id(SurchargeId) for _ in wish.surcharges],
        at=work.at,
    )
    await sheets.keep(work, opened)
    change = rate_imports.start(opened.sheet.after, file, dry_run=dry_run, id=work.new_id(RateImportId), at=work.at)
    await work.keep(change)
    return change.after


async def cancel_rate_import(work: Work, command: CancelRateImport) -> Outcome:
    """The file is read no further, and its draft is discarded. Refuses what is over."""
    access.require(work.caller, "cancelRateImport")
    seen = await import_rows.get(work.connection, work.tenant_id, command.rate_import_id)
    if not work.caller.is_operator and work.caller.party_id != seen.provider_id:
        raise NotFound("There is no such import.", field=("rateImportId",))
    reading = await import_rows.lock(work.connection, work.tenant_id, seen.id)
    sheet = await sheet_rows.lock(work.connection, work.tenant_id, seen.rate_sheet_id)
    work.expect(reading)
    await work.keep(rate_imports.cancel_rate_import(reading, work.caller, at=work.at))
    await _drop(work, sheet, "cancelled")
    return Outcome({"rateImport": reading.id, "rateSheet": sheet.id})


async def take_lines(
    work: Work, id: RateImportId, texts: Sequence[str], *, begins: int, ends: int, last: bool
) -> RateImport:
    """The lines, which stand in the file from byte `begins` to `ends`, are in the books; how the import stands now.

    Where somebody else has read them or is just reading, or the import is over, nothing happens. `last` says that no
    line follows.
    """
    reading = await import_rows.find_free(work.connection, work.tenant_id, id)
    if reading is None:
        return await import_rows.get(work.connection, work.tenant_id, id)
    if reading.state is not RateImportState.READING or reading.read_bytes != begins:
        return reading
    sheet = await sheet_rows.lock(work.connection, work.tenant_id, reading.rate_sheet_id)
    if sheet.state is not RateSheetState.DRAFT:
        await import_rows.clear(work.connection, work.tenant_id, sheet.id)
        return await _end(work, reading, RateImportState.CANCELLED)
    header = reading.header or tuple(_header(texts[0])) if texts or reading.header else ()
    places = rate_files.layout(header)
    if not isinstance(places, Layout):
        return await _refuse(work, reading, sheet, [Line(1, ",".join(header), None, places)])
    body = texts if reading.header else texts[1:]
    first = reading.read_lines + (1 if reading.header else 2)
    service = await service_rows.get(work.connection, work.tenant_id, reading.service_id)
    lines = rate_files.read_lines(body, first, places, service.mode, sheet.currency)
    good = [(work.new_id(RateId), line.number, line.rate) for line in lines if line.rate is not None]
    due = [(line.number, line.surcharge) for line in lines if line.surcharge is not None]
    bad = [line for line in lines if line.findings]
    if too_many := _too_many(reading, sheet, first, len(good), len(due)):
        return await _refuse(work, reading, sheet, [Line(first, "", None, too_many)])
    await import_rows.insert(work.connection, work.tenant_id, sheet.id, sheet.currency, good)
    before = sheet.surcharge_count + reading.surcharges
    work.add(
        *(
            rate_sheets.surcharge_of(sheet, new, position, id=work.new_id(SurchargeId), line=line)
            for position, (line, new) in enumerate(due, start=before + 1)
        )
    )
    _tell(work, reading, bad)
    change = rate_imports.advance(
        reading,
        read_bytes=ends,
        read_lines=reading.read_lines + len(texts),
        header=header,
        rates=len(good),
        surcharges=len(due),
        rejected=len(bad),
    )
    await work.keep(change)
    return await _finish(work, change.after, sheet) if last else change.after


async def lose_file(work: Work, id: RateImportId) -> RateImport:
    """The file's bytes cannot be found: the import is refused. Nothing happens where it is over."""
    reading = await import_rows.lock(work.connection, work.tenant_id, id)
    if reading.state is not RateImportState.READING:
        return reading
    sheet = await sheet_rows.lock(work.connection, work.tenant_id, reading.rate_sheet_id)
    gone = Finding("rate_file.gone", False, "rate_file_is_there")
    return await _refuse(work, reading, sheet, [Line(0, "", None, (gone,))])


async def _finish(work: Work, reading: RateImport, sheet: RateSheet) -> RateImport:
    """Every line is read: the draft is filled if all of them fit, and discarded otherwise."""
    brackets = await import_rows.brackets(work.connection, work.tenant_id, sheet.id)
    # A line that was rejected leaves a gap where it would have stood: gaps are told only where no line is missing.
    misfits = [
        Line(bracket.line, _spelled(bracket), None, (finding,))
        for bracket, finding in rates.misfits(brackets)
        if not reading.rejected or finding.rule != "rate.gap"
    ]
    misfits += _clashes(await sheet_rows.surcharges_of(work.connection, work.tenant_id, sheet.id))
    if not brackets and not reading.rejected:
        empty = Finding("rate_file.rates", False, "rate_file_has_rates")
        misfits = [Line(1, "", None, (empty,))]
    if misfits or reading.rejected:
        return await _refuse(work, reading, sheet, misfits)
    if reading.dry_run:
        await _drop(work, sheet, "dry run")
    else:
        filled = rate_sheets.fill(
            sheet, rate_count=reading.rates, surcharge_count=reading.surcharges, digest=reading.digest
        )
        await work.keep(filled)
    return await _end(work, reading, RateImportState.DONE)


async def _refuse(work: Work, reading: RateImport, sheet: RateSheet, lines: Sequence[Line]) -> RateImport:
    _tell(work, reading, lines)
    await _drop(work, sheet, "rejected")
    return await _end(work, reading, RateImportState.REJECTED, rejected=len(lines))


async def _end(work: Work, reading: RateImport, state: RateImportState, *, rejected: int = 0) -> RateImport:
    change = rate_imports.end(reading, state, rejected=rejected, at=work.at)
    await work.keep(change)
    return change.after


async def _drop(work: Work, sheet: RateSheet, because: str) -> None:
    """The draft is discarded, and its rates with it. One that was discarded before stays so."""
    if sheet.state is RateSheetState.DRAFT:
        await work.keep(rate_sheets.drop(sheet, because, at=work.at))
    await import_rows.clear(work.connection, work.tenant_id, sheet.id)


def _too_many(reading: RateImport, sheet: RateSheet, first: int, rates: int, surcharges: int) -> tuple[Finding, ...]:
    """What is too much of the sheet with so many more rates and surcharges in the lines from `first` on."""
    found = []
    if reading.rates + rates > RATES_MAX:
        found.append(Finding("rate_file.room", False, "rate_file_has_room", {"line": first, "most": RATES_MAX}))
    if sheet.surcharge_count + reading.surcharges + surcharges > SURCHARGES_MAX:
        inputs: dict[str, Input] = {"line": first, "most": SURCHARGES_MAX}
        found.append(Finding("rate_file.surcharges", False, "rate_file_has_room_for_surcharges", inputs))
    return tuple(found)


def _clashes(surcharges: Sequence[Surcharge]) -> list[Line]:
    """The file's surcharges that are due beside others that say the same; each is called by its line."""
    numbered = tuple((each.line or each.position, each) for each in surcharges)
    return [Line(number, str(finding.inputs["kind"]), None, (finding,)) for number, finding in rates.clashes(numbered)]


def _tell(work: Work, reading: RateImport, lines: Sequence[Line]) -> None:
    """Bad lines are kept with their reasons, as long as there are not too many of them."""
    room = max(0, REJECTS_MAX - reading.rejected)
    work.add(
        *(
            RateReject(work.new_id(RateRejectId), reading.id, line.number, _shown(line.text), line.findings)
            for line in lines[:room]
        )
    )


def _header(text: str) -> list[str]:
    """The cells of the first line; the line itself as one cell where it is no row of CSV."""
    shown = _shown(text.removeprefix("\ufeff").rstrip("\r"))
    try:
        return rate_files.cells_of(shown)
    except ValueError:
        return [shown]


def _shown(text: str) -> str:
    """As much of a line as is kept, without what no column can hold."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:ROW_CHARACTERS_MAX])


def _spelled(bracket: rates.Bracket) -> str:
    """A rate's bracket in a few words, in grams, cubic centimetres or a count."""
    until = "" if bracket.below is None else str(bracket.below)
    return f"{bracket.zone},{bracket.measure},{bracket.container},{bracket.at_least},{until}"
