"""Applications: found and locked for whoever means them, and activated once nothing is open."""

from api.operations import capabilities
from api.operations.duties import end_duties
from domain import providers, requirements, reviews
from domain.errors import Invalid, NotFound, Problem
from domain.ids import ProviderId
from domain.onboarding import Case
from domain.providers import Provider, ProviderState, Step
from domain.requirements import Stage
from domain.reviews import ReviewState
from storage import onboarding as case_rows
from storage import providers as provider_rows
from storage import reviews as review_rows
from storage.unit_of_work import Work


async def own_provider(work: Work, provider_id: ProviderId | None) -> Provider:
    """The provider the caller means, locked: the one named, else its own. Refuses another's with NotFound."""
    wanted = provider_id or work.caller.party_id
    if not isinstance(wanted, ProviderId):
        raise Invalid(Problem(("providerId",), "must name a provider"))
    if not work.caller.is_operator and wanted != work.caller.party_id:
        raise NotFound("There is no such provider.", field=("providerId",))
    return await provider_rows.lock(work.connection, work.tenant_id, wanted)


async def lock(work: Work, provider_id: ProviderId | None) -> Case:
    """The application the caller means, its provider locked and as the caller saw it."""
    provider = await own_provider(work, provider_id)
    work.expect(provider)
    return await case_rows.case(work.connection, work.tenant_id, provider, work.at)


async def activate_if_complete(work: Work, provider: Provider) -> None:
    """An approved provider, which is locked, works from now on if nothing is open any more."""
    if provider.state is not ProviderState.APPROVED:
        return
    case = await case_rows.case(work.connection, work.tenant_id, provider, work.at)
    if not requirements.unaccepted(case.matrix, case.standings, *Stage):
        await activate(work, provider)


async def activate(work: Work, provider: Provider) -> None:
    """The provider, which is locked and approved, works from now on, and its lanes with it."""
    change = providers.step(provider, Step.ACTIVATE, at=work.at)
    await work.keep(change)
    await capabilities.settle(work, change.after)


async def call_off(work: Work, provider_id: ProviderId) -> None:
    """There is nothing left to review, since the provider's life has ended otherwise. The provider is locked."""
    live = await review_rows.live_by_providers(work.connection, work.tenant_id, [provider_id])
    for review in live.values():
        await end_duties(work, review.id)
        await work.keep(reviews.close(review, ReviewState.ENDED, at=work.at))
