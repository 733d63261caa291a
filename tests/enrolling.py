"""Programmes, for tests: a provider in a bundle, and what a stranger tries with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.operations import bundles
from domain.bundles import JoinBundle
from domain.ids import LiablePartyId
from tests.builders import Market

BUNDLE = "bundles/semi_managed"


async def enrolled(building: Market, party_id: LiablePartyId) -> None:
    """The party stands for the semi-managed bundle, far from where everybody trades."""
    await building.act(building.staff, bundles.join_bundle, JoinBundle(BUNDLE, party_id, ("MX",)))


def attempts(one: Mapping[str, str], money: Mapping[str, str], keyed: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What somebody else may wish to do with what is enrolled, and with what an order was charged."""
    return {
        "admitGuarantee": {"guaranteeId": one["gua"]},
        "declineGuarantee": {"guaranteeId": one["gua"], "reason": "Why not."},
        "joinBundle": {"ruleKey": BUNDLE, "partyId": one["prv"]},
        "leaveBundle": {"bundleId": one["bdl"]},
        "recordCharge": {"orderId": one["ord"], "charged": money, **keyed},
    }
