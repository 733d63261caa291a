"""Restitutions: what a termination or a removal took is back when the measure is overturned, and nothing else.

How it works. Whoever takes says what the party had (`held`) before and what of it is gone after (`gone`): the measure
keeps those names. To give back, each thing is put where it stood before it went, as history has it, as far as nothing
else takes it by now: a notice that has run out meanwhile, another bar, another measure, a restriction's own end. Locks:
the party first, by the caller.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from api.operations import bundles, capabilities
from api.operations.duties import start_duty
from domain import bundles as bundle_rules
from domain import enrolments, measures, providers
from domain.capabilities import Cause, Restriction
from domain.clocks import Duty
from domain.enrolments import OVER, Guarantee, GuaranteeState
from domain.ids import BundleId, GuaranteeId, InvoiceId, LiablePartyId, MeasureId, ProviderId, RestrictionId
from domain.invoices import InvoiceState
from domain.providers import Provider, ProviderState
from domain.providers import Step as ProviderStep
from domain.standings import ADMITTED
from storage import bundles as bundle_rows
from storage import capabilities as restriction_rows
from storage import enrolments as guarantee_rows
from storage import history
from storage import invoices as invoice_rows
from storage import measures as measure_rows
from storage import providers as provider_rows
from storage.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Held:
    """What a party has that a termination or removal may take, by id."""

    guarantees: tuple[GuaranteeId, ...]
    bundles: tuple[BundleId, ...]
    restrictions: tuple[RestrictionId, ...]


async def held(work: Work, party_id: LiablePartyId) -> Held:
    """What the party, which is locked, has now."""
    connection, tenant_id = work.connection, work.tenant_id
    restrictions: tuple[Restriction, ...] = ()
    if isinstance(party_id, ProviderId):
        restrictions = await restriction_rows.live_by_provider(connection, tenant_id, party_id)
    return Held(
        tuple(each.id for each in await guarantee_rows.lock_by_party(connection, tenant_id, party_id)),
        tuple(each.id for each in await bundle_rows.lock_by_party(connection, tenant_id, party_id)),
        tuple(each.id for each in restrictions),
    )


async def gone(work: Work, party_id: LiablePartyId, before: Held) -> tuple[str, ...]:
    """What the party had before and has no more."""
    after = await held(work, party_id)
    return tuple(
        str(id)
        for had, has in (
            (before.guarantees, after.guarantees),
            (before.bundles, after.bundles),
            (before.restrictions, after.restrictions),
        )
        for id in had
        if id not in has
    )


async def give_back(work: Work, party_id: LiablePartyId, names: Iterable[str]) -> None:
    """What of those things is still gone stands again where it stood, as far as nothing else takes it now.

    `settle` or its like for suppliers comes after.
    """
    named = tuple(names)
    if isinstance(party_id, ProviderId) and any(name.startswith(_RESTRICTION) for name in named):
        for name in named:
            if name.startswith(_RESTRICTION):
                await _restrict_again(work, RestrictionId(name))
    for name in named:
        if name.startswith(_GUARANTEE):
            await _restore_guarantee(work, party_id, GuaranteeId(name))
    for name in named:
        if name.startswith(_BUNDLE):
            await _restore_bundle(work, BundleId(name))
    await bundles.follow_members(work, party_id)


_GUARANTEE: Final = f"{GuaranteeId.prefix}_"
_BUNDLE: Final = f"{BundleId.prefix}_"
_RESTRICTION: Final = f"{RestrictionId.prefix}_"


async def readmit(work: Work, provider: Provider) -> Provider:
    """The provider that was terminated, and is locked, stands where it stood; whoever was leaving is asked anew.

    One that stands elsewhere by now stays there.
    """
    if provider.state is not ProviderState.TERMINATED:
        return provider
    past: Provider | None = provider
    while past is not None and past.state is ProviderState.TERMINATED:
        past = await history.superseded(
            work.connection, work.tenant_id, provider_rows.PROVIDERS, provider.id, past.version - 1
        )
    admitted = past is not None and past.state in ADMITTED | {ProviderState.WINDING_DOWN}
    step = ProviderStep.READMIT if admitted else ProviderStep.REOPEN
    change = providers.step(provider, step, at=work.at)
    await work.keep(change)
    return change.after


async def suspend_again(work: Work, provider: Provider) -> Provider:
    """A readmitted provider is suspended if a suspension of it still runs."""
    live = await restriction_rows.live_by_provider(work.connection, work.tenant_id, provider.id)
    suspended = [each for each in live if each.limit.cause is Cause.SUSPENSION]
    if not suspended or provider.state not in providers.MOVES[ProviderStep.SUSPEND].since:
        return provider
    change = providers.step(provider, ProviderStep.SUSPEND, at=work.at, reason=suspended[0].reason)
    await work.keep(change)
    return change.after


# -- guarantees and bundles --------------------------------------------------------------------------------------------


async def _restore_guarantee(work: Work, party_id: LiablePartyId, id: GuaranteeId) -> None:
    guarantee = await guarantee_rows.lock(work.connection, work.tenant_id, id)
    if guarantee.state not in OVER:
        return
    anew = await guarantee_rows.find_offered(work.connection, work.tenant_id, party_id, guarantee.rule_key)
    if anew is not None or await _barred(work, party_id, guarantee):
        return
    past = await history.superseded(
        work.connection, work.tenant_id, guarantee_rows.GUARANTEES, id, guarantee.version - 1
    )
    if past is None or past.state in OVER:
        return
    change = enrolments.restore_guarantee(guarantee, past, at=work.at)
    await work.keep(change)
    if change.after.state is GuaranteeState.WITHDRAWING and change.after.ends_at is not None:
        await start_duty(work, Duty.GUARANTEE_NOTICE, id, change.after.ends_at, party_id=party_id)


async def _barred(work: Work, party_id: LiablePartyId, guarantee: Guarantee) -> bool:
    """Whether something else keeps the party from that promise by now."""
    key = guarantee.rule_key
    if await guarantee_rows.barred(work.connection, work.tenant_id, party_id, key, work.at):
        return True
    if isinstance(party_id, ProviderId):
        return False
    live = await measure_rows.live_by_party(work.connection, work.tenant_id, party_id)
    return any(measures.in_force(each, work.at) and measures.barred_from(each, key) for each in live)


async def _restore_bundle(work: Work, id: BundleId) -> None:
    """The bundle stands as it did, if all its members do."""
    bundle = await bundle_rows.lock(work.connection, work.tenant_id, id)
    if bundle.state not in OVER:
        return
    members = await guarantee_rows.by_ids(work.connection, work.tenant_id, bundle.guarantee_ids)
    anew = await bundle_rows.find_joined(work.connection, work.tenant_id, bundle.party_id, bundle.rule_key)
    if anew is not None or any(member.state in OVER for member in members):
        return
    past = await history.superseded(work.connection, work.tenant_id, bundle_rows.BUNDLES, id, bundle.version - 1)
    if past is None or past.state in OVER or (past.ends_at is not None and past.ends_at < work.at):
        return
    await work.keep(bundle_rules.restore_bundle(bundle, past))
    if past.state is GuaranteeState.WITHDRAWING and past.ends_at is not None:
        await start_duty(work, Duty.GUARANTEE_NOTICE, id, past.ends_at, party_id=bundle.party_id)


# -- restrictions ------------------------------------------------------------------------------------------------------


async def _restrict_again(work: Work, id: RestrictionId) -> None:
    """What was lifted because its provider was gone restricts it again, if what it follows from still stands."""
    lifted = await restriction_rows.get(work.connection, work.tenant_id, id)
    limit = lifted.limit
    if lifted.live or (limit.until is not None and limit.until < work.at) or not await _still(work, lifted):
        return
    known = await restriction_rows.find_live(
        work.connection, work.tenant_id, lifted.provider_id, limit.cause, limit.about
    )
    if known is None:
        await capabilities.impose(work, lifted.provider_id, limit, lifted.reason, lifted.decision_id)


async def _still(work: Work, lifted: Restriction) -> bool:
    cause, about = lifted.limit.cause, lifted.limit.about
    if cause is Cause.PENALTY and about is not None:
        measure = await measure_rows.get(work.connection, work.tenant_id, MeasureId(about))
        return measures.in_force(measure, work.at)
    if cause is Cause.DEBT and about is not None:
        invoice = await invoice_rows.get(work.connection, work.tenant_id, InvoiceId(about))
        return invoice.state is InvoiceState.OVERDUE
    return True
