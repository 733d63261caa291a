"""Rate sheets: drafted in one call, activated in place of the version before, discarded. Files: `rate_imports`."""

from api.operations import services
from domain import access, rate_sheets
from domain.errors import NotFound, Refused
from domain.explain import Finding
from domain.ids import RateId, RateSheetId, ServiceId, SurchargeId
from domain.moves import require
from domain.rate_sheets import Drafted, DraftRateSheet, RateSheet, RateSheetCommand, SheetWish
from domain.services import Service, ServiceAction
from domain.services import moves as service_moves
from storage import rate_sheets as sheet_rows
from storage.unit_of_work import Outcome, Work


async def draft_rate_sheet(work: Work, command: DraftRateSheet) -> Outcome:
    """The next version of the service's prices, as a draft. Refuses with every reason (`domain.rate_sheets`)."""
    access.require(work.caller, "draftRateSheet")
    told = work.told
    unread = [place for place in range(len(command.rates)) if told.about("rates", str(place))]
    with told:
        rate_sheets.require_count(command)
    with told:
        rate_sheets.require_sheet(command.sheet, odd_surcharges(work, command.sheet))
    with told:
        service = await writable(work, command.sheet.service_id, ServiceAction.DRAFT_RATE_SHEET)
        with told:
            await require_predecessor(work, service, command.sheet)
        rate_sheets.require_rates(service, command, unread)
    told.done()
    drafted = rate_sheets.draft_rate_sheet(
        service,
        command,
        number=await sheet_rows.next_number(work.connection, work.tenant_id, service.id),
        id=work.new_id(RateSheetId),
        rate_ids=[work.new_id(RateId) for _ in command.rates],
        surcharge_ids=[work.new_id(SurchargeId) for _ in command.sheet.surcharges],
        at=work.at,
    )
    await keep(work, drafted)
    return Outcome({"rateSheet": drafted.sheet.after.id})


async def activate_rate_sheet(work: Work, command: RateSheetCommand) -> Outcome:
    """The sheet governs from its beginning, or from now; the version it supersedes ends there.

    Refuses, with every reason: no draft, no rates yet, a validity that is over, other versions at the same time.
    """
    access.require(work.caller, "activateRateSheet")
    sheet, active = await _locked(work, command.rate_sheet_id)
    work.expect(sheet)
    for change in rate_sheets.activate_rate_sheet(sheet, active, work.caller, at=work.at):
        await work.keep(change)
        await work.write()  # one statement each: the predecessor's time ends before the successor's begins
    return Outcome({"rateSheet": sheet.id})


async def discard_rate_sheet(work: Work, command: RateSheetCommand) -> Outcome:
    """The draft is never used; a file that still fills it is read no further. Refuses an active sheet."""
    access.require(work.caller, "discardRateSheet")
    sheet, active = await _locked(work, command.rate_sheet_id)
    work.expect(sheet)
    await work.keep(rate_sheets.discard_rate_sheet(sheet, active, work.caller, at=work.at))
    return Outcome({"rateSheet": sheet.id})


async def writable(work: Work, id: ServiceId, action: ServiceAction) -> Service:
    """The service, locked, whose prices the caller may write. Refuses with every reason."""
    service, shelf = await services.locked(work, id)
    require(service_moves(service, shelf, work.caller, work.at), action.value, "rate_sheet.draft")
    return service


def odd_surcharges(work: Work, wish: SheetWish) -> list[int]:
    """The places of the surcharges that could not be read in whole."""
    return [place for place in range(len(wish.surcharges)) if work.told.about("sheet", "surcharges", str(place))]


async def require_predecessor(work: Work, service: Service, wish: SheetWish) -> None:
    """Returns if the version to be superseded, where one is named, is an active one of the service."""
    if wish.supersedes_id is None:
        return
    active = await sheet_rows.active(work.connection, work.tenant_id, service.id)
    if wish.supersedes_id not in {sheet.id for sheet in active}:
        finding = Finding("rate_sheet.supersedes", False, "rate_sheet_of_this_service", {"id": wish.supersedes_id})
        raise Refused("rate_sheet.draft", "There is no such version to supersede.", (finding,))


async def keep(work: Work, drafted: Drafted) -> None:
    """The draft is in the books with its rows."""
    await work.keep(drafted.sheet)
    work.add(*drafted.rates, *drafted.surcharges)


async def _locked(work: Work, id: RateSheetId) -> tuple[RateSheet, list[RateSheet]]:
    """The sheet and its service's active versions, all locked, the service first. NotFound for another provider's."""
    found = await sheet_rows.get(work.connection, work.tenant_id, id)
    if not work.caller.is_operator and work.caller.party_id != found.provider_id:
        raise NotFound("There is no such rate sheet.", field=("rateSheetId",))
    await services.locked(work, found.service_id)
    sheet = await sheet_rows.lock(work.connection, work.tenant_id, id)
    return sheet, await sheet_rows.active(work.connection, work.tenant_id, found.service_id, lock=True)
