"""The desk at work, for tests: a lower limit for one pair of eyes, notes, a saved filter, a decision that waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.operations import claims, desk, rules
from domain.access import Role
from domain.claim_notes import AddClaimNote
from domain.claims import AnswerClaim, ClaimOutcome, DecideClaim
from domain.ids import ClaimId
from domain.rulebook import PublishRule
from domain.saved_filters import SaveFilter
from storage import rulebook
from tests.builders import START, Market
from tests.marketplaces import Marketplace, Member

LIMITED_FROM = datetime.fromisoformat("2026-02-15T05:00:00+00:00")
"""When a lower limit takes effect: notice given at START is over."""


async def limit(building: Market, amount: str) -> None:
    """A second adjudicator is needed above that amount, from `LIMITED_FROM` on."""
    async with building.pool.acquire(building.tenant_id) as connection:
        text = (await rulebook.in_force(connection, building.tenant_id, "desk", START)).source
    body, _, _ = text.partition("[[case]]")
    long_ago = "2000-01-01T00:00:00Z"
    source = (
        body.replace("5000.00 USD", amount)
        .replace(f"published_at = {long_ago}", f"published_at = {START:%Y-%m-%dT%H:%M:%SZ}")
        .replace(f"effective_from = {long_ago}", f"effective_from = {LIMITED_FROM:%Y-%m-%dT%H:%M:%SZ}")
    )
    case = '[[case]]\nname = "a million"\ngiven = { amount = "1000000.00 USD" }\nexpect = { second_eyes = true }\n'
    await building.act(building.staff, rules.publish_rule, PublishRule(source + case))


async def at_work(market: Marketplace, liable: Member, claim_id: ClaimId) -> None:
    """The claim is contested; staff wrote a note, kept a filter, and proposed a decision that waits."""
    staff = market.staff(Role.ADJUDICATOR, Role.SUPPORT)
    await market.act(liable.caller, claims.contest_claim, AnswerClaim(claim_id, "We were there."))
    await market.act(staff, desk.add_claim_note, AddClaimNote(claim_id, "Ask the engineer."))
    wish = SaveFilter(f"Of {claim_id}", shared=True, conditions={"states": ["ESCALATED"]})
    await market.act(staff, desk.save_filter, wish)
    await market.act(staff, claims.decide_claim, DecideClaim(claim_id, ClaimOutcome.GRANTED, "Nobody came."))


def attempts(one: dict[str, str], keyed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """An input for each of the desk's mutations, about things of others."""
    return {
        "takeClaim": {"claimId": one["clm"]},
        "assignClaim": {"claimId": one["clm"], "assigneeId": one["key"], "reason": "Mine now."},
        "releaseClaim": {"claimId": one["clm"]},
        "takeOverClaim": {"claimId": one["clm"], "reason": "Mine now."},
        "addClaimNote": {"claimId": one["clm"], "text": "Mine now."},
        "saveFilter": {"id": one["svf"], "name": "Mine", "filter": {"states": ["OPEN"]}},
        "removeFilter": {"id": one["svf"]},
        "confirmDecision": {"claimId": one["clm"], **keyed},
        "returnDecision": {"claimId": one["clm"], "reason": "Mine now.", **keyed},
        "decideClaims": {"claimIds": [one["clm"]], "outcome": "DENIED", "note": "No.", "dryRun": True, **keyed},
    }
