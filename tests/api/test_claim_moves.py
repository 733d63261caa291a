"""What is listed is what is not refused: random walks of all four profiles, asked as each side and tried for real.

At every step each action of each side is tried in a transaction that is undone: it is refused for state, time or role
if and only if `availableActions`, read through GraphQL as that side, does not list it. One action, or the clock, is
then taken for good.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any, Final

import pytest

from api.operations import claims, desk, evidence, inspections, proposals
from domain.access import Caller, Role, may
from domain.claim_moves import MUTATIONS
from domain.claim_notes import AddClaimNote
from domain.claims import (
    AnswerClaim,
    Claim,
    ClaimAction,
    ClaimOutcome,
    ClaimReason,
    ClaimState,
    ContactParty,
    DecideClaim,
    LineWish,
    MakeOffer,
    Side,
    next_duty,
)
from domain.claims.desk import AssignClaim
from domain.errors import Forbidden, NotFound, Refusal, Refused
from domain.evidence import NewEvidence, RequestEvidence, SubmitEvidence
from domain.evidence_needs import EvidenceKind
from domain.ids import OrderLineId
from domain.inspections import OrderInspection
from domain.proposals import ConfirmDecision, ReturnDecision
from domain.remedies import RemedyKind
from storage.unit_of_work import Outcome, Work
from tests.api.test_claims import DAY, MICROSECOND, Story, story
from tests.builders import Operation, usd
from tests.marketplaces import Asking

__all__ = ["story"]

OPERATIONS: Final[dict[ClaimAction, Operation]] = {
    ClaimAction.ACCEPT_CLAIM: claims.accept_claim,
    ClaimAction.CONTEST_CLAIM: claims.contest_claim,
    ClaimAction.MAKE_OFFER: claims.make_offer,
    ClaimAction.ACCEPT_OFFER: claims.accept_offer,
    ClaimAction.DECLINE_OFFER: claims.decline_offer,
    ClaimAction.ESCALATE_CLAIM: claims.escalate_claim,
    ClaimAction.TAKE_UP_CLAIM: claims.take_up_claim,
    ClaimAction.FINISH_EVIDENCE: claims.finish_evidence,
    ClaimAction.DECIDE_CLAIM: claims.decide_claim,
    ClaimAction.REOPEN_CLAIM: claims.reopen_claim,
    ClaimAction.WITHDRAW_CLAIM: claims.withdraw_claim,
    ClaimAction.SUBMIT_EVIDENCE: evidence.submit_evidence,
    ClaimAction.REQUEST_EVIDENCE: evidence.request_evidence,
    ClaimAction.ORDER_INSPECTION: inspections.order_inspection,
    ClaimAction.ADD_CLAIM_NOTE: desk.add_claim_note,
    ClaimAction.TAKE_CLAIM: desk.take_claim,
    ClaimAction.ASSIGN_CLAIM: desk.assign_claim,
    ClaimAction.RELEASE_CLAIM: desk.release_claim,
    ClaimAction.TAKE_OVER_CLAIM: desk.take_over_claim,
    ClaimAction.CONFIRM_DECISION: proposals.confirm_decision,
    ClaimAction.RETURN_DECISION: proposals.return_decision,
}
assert OPERATIONS.keys() == set(ClaimAction)
REFUSED_BY: Final = {
    ClaimAction.SUBMIT_EVIDENCE: "evidence.submit",
    ClaimAction.REQUEST_EVIDENCE: "evidence.request",
    ClaimAction.ORDER_INSPECTION: "inspection.order",
}
"""The rule by which what is done beside the steps of a claim is refused; a step is refused by its own name."""
DULL: Final = frozenset({ClaimAction.WITHDRAW_CLAIM, ClaimAction.ADD_CLAIM_NOTE, ClaimAction.SUBMIT_EVIDENCE})
"""What a walk does for good only when there is nothing else: it ends the walk, or leads nowhere."""
DESK: Final = frozenset(
    {ClaimAction.TAKE_CLAIM, ClaimAction.ASSIGN_CLAIM, ClaimAction.RELEASE_CLAIM, ClaimAction.TAKE_OVER_CLAIM}
)
STEPS: Final = 6
SEEDS: Final = (1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12)))
ASKED: Final = "query ($id: ID!) { claim(id: $id) { state availableActions } }"


class Undone(Exception):
    """The attempt is taken back."""


def command(action: ClaimAction, claim: Claim, line_id: OrderLineId, at: datetime) -> Any:
    """Valid input for the action."""
    until = max(at + MICROSECOND, min(at + DAY, claim.due_at or at + DAY))
    offered = (LineWish(line_id, RemedyKind.COUPON, usd(50_00)),)
    statement = (NewEvidence(EvidenceKind.STATEMENT, (), "It was so."),)
    wishes: dict[ClaimAction, Any] = {
        ClaimAction.MAKE_OFFER: MakeOffer(claim.id, offered, None),
        ClaimAction.DECIDE_CLAIM: DecideClaim(claim.id, ClaimOutcome.GRANTED, "It was not kept."),
        ClaimAction.SUBMIT_EVIDENCE: SubmitEvidence(claim.id, statement),
        ClaimAction.REQUEST_EVIDENCE: RequestEvidence(claim.id, Side.BUYER, (EvidenceKind.PHOTOS,), until, None),
        ClaimAction.ORDER_INSPECTION: OrderInspection(claim.id, "sgs", usd(100_00), "PAY-1", None),
        ClaimAction.ADD_CLAIM_NOTE: AddClaimNote(claim.id, "Mind this one."),
        ClaimAction.CONFIRM_DECISION: ConfirmDecision(claim.id),
        ClaimAction.RETURN_DECISION: ReturnDecision(claim.id, "Look again."),
    }
    otherwise = AssignClaim(claim.id, reason="It is mine now.") if action in DESK else AnswerClaim(claim.id, None)
    return wishes.get(action, otherwise)


async def refused_for_state_time_or_role(story: Story, caller: Caller, action: ClaimAction, wish: Any) -> bool:
    operation = OPERATIONS[action]

    async def attempt(work: Work, wished: Any) -> Outcome:
        await operation(work, wished)
        await work.write()
        raise Undone

    try:
        await story.market.act(caller, attempt, wish)
    except Undone:
        return False
    except Refusal as refusal:
        rule = REFUSED_BY.get(action, f"claim.{action.value.lower()}")
        of_moves = isinstance(refusal, Refused) and refusal.rule == rule
        if of_moves or isinstance(refusal, Forbidden | NotFound):
            return True
        raise AssertionError(f"{action} has valid input, and is refused for it") from refusal
    raise AssertionError("an attempt is always undone")


def callers(story: Story) -> dict[str, Caller]:
    market = story.market
    return {
        "buyer": story.buyer,
        "party": market.supplier(story.supplier_id),
        "staff": market.caller(Role.SUPPORT, Role.ADJUDICATOR),
    }


async def opened(story: Story, profile: str) -> Claim:
    market = story.market
    if profile != "clocks/b2b_default":
        await market.act(market.staff, claims.choose_claim_profile, profile)
    order_id = await story.serviced_order(10_000_00)
    cover = await story.cover(order_id)
    await market.act(story.buyer, claims.contact_party, ContactParty(cover.id, "Nobody came."))
    await market.move(await market.now() + 3 * DAY)
    return await story.open(order_id, ClaimReason.SERVICE_NO_VISIT)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("profile", ["clocks/aliexpress", "clocks/amazon", "clocks/b2b_default", "clocks/ebay"])
async def test_what_is_listed_is_what_is_not_refused(story: Story, ask: Asking, profile: str, seed: int) -> None:
    chance = random.Random(f"{profile} {seed}")  # noqa: S311 -- a walk, not a secret
    claim = await opened(story, profile)
    line_id = claim.lines[0].line_id
    sides = callers(story)
    stranger = story.market.buyer(await story.market.register_buyer())
    for _ in range(STEPS):
        possible, at = [], await story.market.now()
        for caller in sides.values():
            shown = await ask(caller, ASKED, id=claim.id)
            listed = set(shown["claim"]["availableActions"])
            for action in OPERATIONS:
                wish = command(action, claim, line_id, at)
                # What its role keeps from a caller is refused before anything is read, and is not listed.
                allowed = may(caller, MUTATIONS[action])
                blocked = not allowed or await refused_for_state_time_or_role(story, caller, action, wish)
                assert blocked == (action.value not in listed), (claim.state, action)
                if not blocked:
                    possible.append((caller, action))
        chosen = chance.choice(sorted(OPERATIONS))
        assert await refused_for_state_time_or_role(story, stranger, chosen, command(chosen, claim, line_id, at))
        duty = next_duty(claim)
        if duty is not None and (not possible or chance.random() < 0.3):
            beyond = duty.due_at == at or chance.random() < 0.5  # the instant itself is passed once, and is in time
            await story.market.move(duty.due_at + beyond * MICROSECOND)
        elif possible:
            caller, action = chance.choice([each for each in possible if each[1] not in DULL | DESK] or possible)
            await story.market.act(caller, OPERATIONS[action], command(action, claim, line_id, at))
        else:
            break
        claim = await story.claim(claim.id)
    assert claim.state is not ClaimState.OPEN or next_duty(claim) is not None
    assert await story.faults() == []
