"""Parties that were given points, were warned, counted and scored, for tests; and what others would try with it."""

from __future__ import annotations

from typing import Any

from api.operations import counters, points, scorecards
from domain.counters import FoundItem, RecordProhibitedGoods
from domain.ids import ClaimId, LiablePartyId
from domain.penalties import Violation
from domain.points import CauseKind, PenaliseParty, PointCause
from storage.unit_of_work import Outcome, Work
from tests.builders import Market

STEERING = (Violation.OFF_PLATFORM_STEERING,)
"""Six points: a warning and a place behind others, and nothing that the story would stumble over."""


async def disciplined(building: Market, party_id: LiablePartyId, claim_id: ClaimId) -> None:
    """The party was warned for what the desk found and for a claim, which an appeal took out of its score again.

    Prohibited goods were found with it, too.
    """
    now = await building.now()
    found = PenaliseParty(party_id, STEERING, now, "It asked buyers to pay outside.")
    await building.act(building.staff, points.penalise_party, found)
    item = FoundItem(party_id, f"listing/{party_id}", now)
    await building.act(building.staff, counters.record_prohibited_goods, RecordProhibitedGoods((item,)))

    async def blame(work: Work, _: None) -> Outcome:
        cause = PointCause(CauseKind.CLAIM, claim_id)
        await points.penalise(work, party_id, (Violation.AFTER_SALES_LATE,), work.at, cause)
        await scorecards.exclude(work, claim_id, "The appeal says so.")
        return Outcome()

    await building.act(building.staff, blame, None)


def attempts(one: dict[str, str], keyed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """An input for every mutation of points, measures and counters, about things of somebody else."""
    when = "2026-02-10T00:00:00Z"
    return {
        "penaliseParty": {
            "partyId": one["prv"],
            "violations": ["NO_SHIPPING_PROOF"],
            "occurredAt": when,
            "facts": "Why not.",
            "subjectId": one["clm"],
            **keyed,
        },
        "reversePoints": {"entryId": one["pte"], "reason": "Why not.", **keyed},
        "liftMeasure": {"measureId": one["msr"], "reason": "Why not."},
        "recordProhibitedGoods": {"items": [{"partyId": one["sup"], "reference": "x", "foundAt": when}], **keyed},
    }
