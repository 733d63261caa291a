"""Measures take effect, end and are lifted, by clock; what a measure took is given back, and nothing else.

How it works. A measure is announced by the act that crosses a step (`api/operations/points.py`). Its clock
(SETTLE_MEASURE) locks the party, then its points account, and makes the measure true: it takes effect if what it rests
on still stands, and is lifted if it does not. Of a provider a measure takes actions by a restriction of its own
(`about` is the measure's id), services from the shelf, places in programmes; of a supplier it takes its guarantees.

Laws: a measure never has effect while what it rests on is gone for longer than its clock needs; whoever fires a clock
twice, or after everything was taken back, changes nothing.
"""

from api.operations import bars as barring
from api.operations import bundles, capabilities, restitutions, standings
from api.operations import enrolments as enrolling
from api.operations.duties import end_duties, start_duty
from domain import access, appeals, decisions, enrolments, invoices, measures, services
from domain.appeals import SubjectKind
from domain.capabilities import Cause, Limit, Scope
from domain.clocks import Clock, Duty
from domain.collection import CollectionTerms
from domain.dates import MICROSECOND
from domain.decisions import DecisionKind
from domain.enrolments import GuaranteeState
from domain.gates import Action
from domain.guarantees import Promise
from domain.ids import BarId, DecisionId, MeasureId, ProviderId, RuleVersionId, ServiceId, SupplierId
from domain.invoices import Invoice
from domain.measures import AccountMeasure, LiftMeasure, MeasureKind, MeasureState
from domain.penalties import SideEffect
from domain.providers import Provider, ProviderAction
from domain.services import ServiceState
from domain.standings import DOINGS, TerminateProvider, TerminationCause
from storage import appeals as appeal_rows
from storage import bars as bar_rows
from storage import calendars as calendar_rows
from storage import enrolments as guarantee_rows
from storage import measures as measure_rows
from storage import points as point_rows
from storage import providers as provider_rows
from storage import rulebook
from storage import services as service_rows
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work


async def lift_measure(work: Work, command: LiftMeasure) -> Outcome:
    """The desk lifts a measure: what it took is back, or never goes. Refuses, with every reason, one that is over."""
    access.require(work.caller, "liftMeasure")
    measure = await _locked(work, command.measure_id)
    work.expect(measure)
    await work.keep(measures.lift_measure(measure, work.caller, command.reason, work.at))
    await _undo(work, measure, command.reason)
    return Outcome({"measure": measure.id})


async def lift(work: Work, measure_id: MeasureId, reason: str) -> None:
    """The measure is called off or lifted, whoever decided it: an appeal. Nothing changes where it is over.

    It locks the party: call it before anything that follows parties in the order of locks, or by a clock of its own.
    """
    measure = await _locked(work, measure_id)
    if measure.state in measures.LIVE:
        await work.keep(measures.call_off(measure, reason, work.at))
        await _undo(work, measure, reason)


async def fire_settle_measure(work: Work, clock: Clock) -> None:
    """The notice of a measure is over, or what it rested on has changed: it has effect exactly if that stands."""
    measure = await _locked(work, MeasureId(clock.subject_id))
    if measure.state not in measures.LIVE:
        return
    entries = await point_rows.by_party(work.connection, work.tenant_id, measure.party_id)
    if not measures.stands(measure, entries):
        await work.keep(measures.call_off(measure, BASIS_GONE, work.at))
        await _undo(work, measure, BASIS_GONE)
    elif measure.state is MeasureState.ANNOUNCED and not await appeal_rows.stayed(
        work.connection, work.tenant_id, measure.id
    ):  # one that waits for an appeal is woken when that is over
        await take(work, measure)


async def wake(work: Work, measure_id: MeasureId) -> None:
    """A measure that waited for an appeal waits no longer: unless its notice still runs, its clock is due at once.

    It lasts as long as it would have. Nothing changes where the appeal undid it.
    """
    measure = await _locked(work, measure_id)
    if measure.state is not MeasureState.ANNOUNCED or work.at < measure.effective_at:
        return
    await work.keep(measures.defer(measure, work.at))
    await start_duty(work, Duty.SETTLE_MEASURE, measure.id, work.at - MICROSECOND, party_id=None)


BASIS_GONE = "What the measure rested on was taken back or is under appeal."
"""Why a measure is lifted by its clock, in words that its party reads."""


async def take(work: Work, measure: AccountMeasure) -> None:
    """The measure, whose party and account are locked, has effect."""
    if measure.until is not None and measure.until < work.at:
        await work.keep(measures.end_measure(measure, work.at))
        return
    removed: tuple[str, ...] = ()
    if isinstance(measure.party_id, ProviderId):
        provider = await provider_rows.get(work.connection, work.tenant_id, measure.party_id)
        if provider.state not in DOINGS[ProviderAction.TERMINATE_PROVIDER].since:  # gone, or not here yet
            await work.keep(measures.end_measure(measure, work.at, "The provider has left."))
            return
        removed = await _take_from_provider(work, provider, measure)
    elif measure.kind is MeasureKind.PROGRAMME_REMOVAL:
        removed = await _end_programme_of_supplier(work, measure)
    await work.keep(measures.take_measure(measure, removed))
    if measure.until is not None:
        await start_duty(work, Duty.MEASURE_END, measure.id, measure.until, party_id=None)
    if isinstance(measure.party_id, SupplierId):
        await _refresh_supplier(work, measure.party_id)


async def fire_measure_end(work: Work, clock: Clock) -> None:
    """The last instant of a measure has passed: it is over, and a supplier's guarantees are on offer again.

    A provider's restriction ends by a clock of its own.
    """
    measure = await _locked(work, MeasureId(clock.subject_id))
    if measure.state is not MeasureState.IN_FORCE:
        return
    await work.keep(measures.end_measure(measure, work.at))
    await end_duties(work, measure.id)
    if isinstance(measure.party_id, SupplierId):
        await _refresh_supplier(work, measure.party_id)


# -- debts of suppliers ------------------------------------------------------------------------------------------------


async def restrict_debtor(work: Work, invoice: Invoice, rule: CollectionTerms) -> AccountMeasure:
    """The supplier of the overdue invoice, which is locked, may not do what the rule names until its debt is paid."""
    supplier_id = invoice.supplier_id
    if supplier_id is None:
        raise ValueError(f"{invoice.id} is none of a supplier: a provider has a restriction of its own")
    await point_rows.lock_account(work.connection, work.tenant_id, supplier_id)
    version_id, decision_id = RuleVersionId(rule.version), work.new_id(DecisionId)
    appeal_rule = await rulebook.in_force(work.connection, work.tenant_id, appeals.RULE, work.at)
    change = measures.announce_measure(
        measures.OF_DEBT,
        supplier_id,
        None,
        id=work.new_id(MeasureId),
        decision_id=decision_id,
        rule_version_id=version_id,
        appeal_days=appeals.appeal_terms(appeal_rule).filing_days[SubjectKind.RESTRICTION],
        automated=True,
        calendar=await calendar_rows.get(work.connection, work.market),
        about=invoice.id,
        withheld=rule.restricts_suppliers,
        at=work.at,
    )
    tree = invoices.overdue(invoice, version_id)
    work.add(
        decisions.decision(
            decision_id,
            change.after.id,
            DecisionKind.DEBT,
            tree,
            at=work.at,
            decided_by=str(work.caller.actor_id),
            rule_version_ids=(version_id,),
        )
    )
    await work.keep(change)
    await take(work, change.after)
    return change.after


async def lift_about(work: Work, supplier_id: SupplierId, about: str, reason: str) -> None:
    """What rested on that thing alone is over: the supplier's debt is paid."""
    await supplier_rows.lock(work.connection, work.tenant_id, supplier_id)
    await point_rows.lock_account(work.connection, work.tenant_id, supplier_id)
    for seen in await measure_rows.about(work.connection, work.tenant_id, about):
        measure = await measure_rows.lock(work.connection, work.tenant_id, seen.id)
        await work.keep(measures.call_off(measure, reason, work.at))
        await _undo(work, measure, reason)


# -- providers ---------------------------------------------------------------------------------------------------------


async def _take_from_provider(work: Work, provider: Provider, measure: AccountMeasure) -> tuple[str, ...]:
    """The measure's effects on the provider; what it took row by row."""
    if measure.kind is MeasureKind.TERMINATION:
        wish = TerminateProvider(provider.id, TerminationCause.POINTS, _words(measure))
        before = await restitutions.held(work, provider.id)
        bar = await standings.terminate(work, provider, wish)
        return (str(bar.id), *await restitutions.gone(work, provider.id, before))
    if measure.kind is MeasureKind.PROGRAMME_REMOVAL:
        return await _end_programme_of_provider(work, provider, measure)
    removed = await _clear_shelf(work, provider, measure)
    if measure.takes:
        limit = Limit(Cause.PENALTY, str(measure.id), Scope(measure.takes), work.at, measure.until)
        await capabilities.impose(work, provider.id, limit, _words(measure), measure.decision_id)
        await capabilities.settle(work, provider)
    elif removed:
        await capabilities.refresh(work, provider.id)
    return removed


async def _clear_shelf(work: Work, provider: Provider, measure: AccountMeasure) -> tuple[str, ...]:
    """The services that are off the shelf now because the measure removes listings."""
    if SideEffect.LISTINGS_REMOVED not in measure.effects:
        return ()
    listed = []
    for seen in await service_rows.by_providers(work.connection, work.tenant_id, provider.id):
        service = await service_rows.lock(work.connection, work.tenant_id, seen.id)
        if service.state is ServiceState.LISTED:
            await work.keep(services.take_off(service, str(measure.id), at=work.at))
            listed.append(str(service.id))
    return tuple(listed)


async def _end_programme_of_provider(work: Work, provider: Provider, measure: AccountMeasure) -> tuple[str, ...]:
    removed: list[str] = []
    before = await restitutions.held(work, provider.id)
    for guarantee in await guarantee_rows.lock_by_party(work.connection, work.tenant_id, provider.id):
        if guarantee.promise is Promise.AFTER_SALES:
            bar = await standings.remove(work, provider.id, guarantee, _words(measure))
            removed += (guarantee.rule_key, str(bar.id))
    return (*removed, *await restitutions.gone(work, provider.id, before))


# -- suppliers ---------------------------------------------------------------------------------------------------------


async def _end_programme_of_supplier(work: Work, measure: AccountMeasure) -> tuple[str, ...]:
    removed = []
    before = await restitutions.held(work, measure.party_id)
    for guarantee in await guarantee_rows.lock_by_party(work.connection, work.tenant_id, measure.party_id):
        if guarantee.promise is Promise.AFTER_SALES:
            await enrolling.remove(work, guarantee, _words(measure), measure.until)
            removed.append(guarantee.rule_key)
    await bundles.follow_members(work, measure.party_id)
    return (*removed, *await restitutions.gone(work, measure.party_id, before))


async def _refresh_supplier(work: Work, supplier_id: SupplierId) -> None:
    """The supplier's guarantees are on offer exactly while no measure takes that from it. Its row is locked."""
    live = await measure_rows.live_by_party(work.connection, work.tenant_id, supplier_id)
    able = not measures.against(live, Action.OFFER_GUARANTEE, work.at)
    wrong = GuaranteeState.SUSPENDED if able else GuaranteeState.ACTIVE
    turn = enrolments.resume_guarantee if able else enrolments.suspend_guarantee
    for guarantee in await guarantee_rows.lock_by_party(work.connection, work.tenant_id, supplier_id):
        if guarantee.state is wrong:
            await work.keep(turn(guarantee))
    await bundles.follow_members(work, supplier_id)


# -- giving back -------------------------------------------------------------------------------------------------------


async def _undo(work: Work, measure: AccountMeasure, reason: str) -> None:
    """What the measure took, as it was before it was called off or lifted, is back; its clocks end.

    What something else takes by now stays gone: `measure` is over already when this looks at the others.
    """
    await end_duties(work, measure.id)
    if isinstance(measure.party_id, SupplierId):
        await restitutions.give_back(work, measure.party_id, measure.removed)
        await _refresh_supplier(work, measure.party_id)
        return
    provider = await provider_rows.get(work.connection, work.tenant_id, measure.party_id)
    for name in measure.removed:
        if name.startswith(f"{BarId.prefix}_"):
            await _lift_bar(work, BarId(name), reason)
    if measure.kind is MeasureKind.TERMINATION and measure.state is MeasureState.IN_FORCE:
        provider = await restitutions.readmit(work, provider)
    await restitutions.give_back(work, provider.id, measure.removed)
    await _restock(work, provider, measure)
    await capabilities.lift(work, provider.id, Cause.PENALTY, str(measure.id), reason)
    if measure.state is MeasureState.IN_FORCE and not measure.inert:
        await capabilities.settle(work, await restitutions.suspend_again(work, provider))


async def _restock(work: Work, provider: Provider, measure: AccountMeasure) -> None:
    """The services that the measure took off are listed again, or stay off by another measure that removes listings."""
    names = [name for name in measure.removed if name.startswith(f"{ServiceId.prefix}_")]
    if not names:
        return
    live = await measure_rows.live_by_party(work.connection, work.tenant_id, provider.id)
    others = [each for each in live if SideEffect.LISTINGS_REMOVED in each.effects and measures.in_force(each, work.at)]
    if others:
        await work.keep(measures.hand_over(others[-1], names))
        return
    for name in names:
        await _put_back(work, ServiceId(name), measure)


async def _put_back(work: Work, id: ServiceId, measure: AccountMeasure) -> None:
    """The service that the measure took off is listed again, unless its provider has moved it since."""
    service = await service_rows.lock(work.connection, work.tenant_id, id)
    if service.state is ServiceState.PAUSED:
        await work.keep(services.put_back(service, str(measure.id), at=work.at))


async def _lift_bar(work: Work, id: BarId, reason: str) -> None:
    bar = await bar_rows.lock(work.connection, work.tenant_id, id)
    if bar.stands(work.at):
        await barring.lift(work, bar, reason)


# -- what all of these do ----------------------------------------------------------------------------------------------


def _words(measure: AccountMeasure) -> str:
    """Why, in the words that restrictions and bars carry; the measure's decision says it in full."""
    return f"measure {measure.kind.value} ({measure.basis.value} {measure.threshold})"


async def _locked(work: Work, id: MeasureId) -> AccountMeasure:
    """The measure, its party and its account locked before it."""
    seen = await measure_rows.get(work.connection, work.tenant_id, id)
    if isinstance(seen.party_id, SupplierId):
        await supplier_rows.lock(work.connection, work.tenant_id, seen.party_id)
    else:
        await provider_rows.lock(work.connection, work.tenant_id, seen.party_id)
    await point_rows.lock_account(work.connection, work.tenant_id, seen.party_id)
    return await measure_rows.lock(work.connection, work.tenant_id, id)
