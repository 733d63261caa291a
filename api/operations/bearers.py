"""Bearers: which parties of the marketplace a decision's shares are laid on.

A claim has one liable party, which gave the promise; a decision may lay a share of the loss on another one that had a
part in the order: its supplier, or the provider that carried the shipment the claim is about. Each then owes its share
by a recovery of its own. A share that is laid on the carrier is asked from it by a case (`carrier_claims`), unless the
liable party carried the goods itself: then it is that party's debt.
"""

from collections.abc import Mapping
from typing import Final

from api.operations import carrier_claims
from domain.claims import Claim
from domain.errors import Refused
from domain.explain import unmet
from domain.ids import LiablePartyId
from domain.liability import Bearer, Shares, borne_by_somebody
from domain.orders import Order
from storage.unit_of_work import Work

CARRYING: Final = frozenset({Bearer.PROVIDER, Bearer.CARRIER})
"""The bearers that only the shipments of an order tell."""


async def of(work: Work, claim: Claim, order: Order, shares: Shares) -> Mapping[Bearer, LiablePartyId]:
    """Bearer -> the party that it is in this claim, the claim's own first. A bearer that nobody is, is left out.

    Who carried the goods is looked up only where the shares lay something on it.
    """
    parties: dict[Bearer, LiablePartyId] = {claim.party_bears: claim.party_id}
    parties.setdefault(Bearer.SUPPLIER, order.supplier_id)
    if not any(part.bearer in CARRYING and part.bearer not in parties for part in shares):
        return parties
    shipment, leg = await carrier_claims.carried(work, claim)
    if shipment is not None:
        parties.setdefault(Bearer.PROVIDER, shipment.provider_id)
        carrier_id = shipment.provider_id if leg is None else leg.provider_id
        if carrier_id == claim.party_id:
            parties[Bearer.CARRIER] = claim.party_id
    return parties


async def require_borne(work: Work, claim: Claim, order: Order, shares: Shares) -> None:
    """Nothing, if every share that is laid on a supplier or provider has one to bear it. Refuses, naming each other."""
    if because := unmet(borne_by_somebody(shares, await of(work, claim, order, shares))):
        raise Refused("claim.shares", "Nobody on this order can bear that share.", because)
