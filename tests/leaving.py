"""A provider that leaves the marketplace against its will, and another of the same hand, for tests."""

from __future__ import annotations

from api.operations import capabilities, exits, relations, removals
from domain.access import Role
from domain.capabilities import RestrictProvider, Scope
from domain.exits import RequestExit
from domain.ids import ProviderId
from domain.relations import DeclareRelatedAccount
from domain.standings import TerminateProvider, TerminationCause
from tests.builders import Market
from tests.marketplaces import Marketplace, Member


async def leaver(market: Marketplace, building: Market, sibling: Member, name: str) -> Member:
    """Restricted, on its way out and removed before it was gone: its exit was cut short, and a bar stands.

    It declared itself of one hand with the sibling, which is restricted as well (where it sells nothing), and stays.
    """
    gone = await market.add(name, Role.PROVIDER)
    id, stays = ProviderId(str(gone.party_id)), ProviderId(str(sibling.party_id))
    elsewhere = Scope(markets=frozenset({"JP"}))
    for each in (id, stays):
        wish = RestrictProvider(each, elsewhere, "It answers nobody.")
        await market.act(building.staff, capabilities.restrict_provider, wish)
    await market.act(gone.caller, relations.declare_related_account, DeclareRelatedAccount(stays, "The same owner."))
    await market.act(gone.caller, exits.request_exit, RequestExit(id, "Too little to do."))
    removed = TerminateProvider(id, TerminationCause.FRAUD, "It never picked up.")
    await market.act(building.staff, removals.terminate_provider, removed)
    return gone
