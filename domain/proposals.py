"""Proposals: decisions above the amount of the desk's rule, which wait for a second adjudicator.

    PROPOSED -confirm (another adjudicator)-> CONFIRMED     PROPOSED -return (with a reason)-> RETURNED
    PROPOSED -the claim is decided or ends otherwise-> LAPSED

Laws: a claim has at most one open proposal; nobody confirms a proposal of their own; what is confirmed is the decision
as it was proposed, to the cent, or nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain import terms
from domain.change import Change, Happening
from domain.claims.claim import DecideClaim, LineWish
from domain.claims.desk import SECOND_EYES
from domain.claims.life import ClaimOutcome
from domain.claims.shipping_method import ShippingMethodFacts
from domain.errors import Refused
from domain.explain import Finding
from domain.ids import ClaimId, Id, OrderLineId, ProposalId, RuleVersionId, kind_of
from domain.liability import Bearer, Share
from domain.money import Money
from domain.remedies import RemedyKind


class ProposalState(StrEnum):
    """Where a proposal stands."""

    PROPOSED = "PROPOSED"
    """It waits for a second adjudicator."""
    CONFIRMED = "CONFIRMED"
    """A second adjudicator confirmed it: the claim is decided so."""
    RETURNED = "RETURNED"
    """It went back with a reason; the claim can be decided anew."""
    LAPSED = "LAPSED"
    """The claim was decided or ended without it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed decision. `wish` is the whole of what was wished; `amount` what it gives."""

    id: ProposalId
    claim_id: ClaimId
    wish: Mapping[str, Any]
    outcome: ClaimOutcome
    amount: Money
    note: str
    state: ProposalState
    proposed_by: Id
    proposed_at: datetime
    ended_by: Id | None
    ended_at: datetime | None
    reason: str | None
    rule_version_id: RuleVersionId
    version: int


@dataclass(frozen=True, slots=True)
class ConfirmDecision:
    """The wish that the decision proposed for the claim is taken."""

    claim_id: ClaimId


@dataclass(frozen=True, slots=True)
class ReturnDecision:
    """The wish that the decision proposed for the claim goes back, with a reason."""

    claim_id: ClaimId
    reason: str


def propose(
    command: DecideClaim,
    amount: Money,
    rule_version_id: RuleVersionId,
    actor_id: Id,
    *,
    id: ProposalId,
    at: datetime,
) -> Change[Proposal]:
    """The decision, which gives that amount, waits for a second adjudicator."""
    made = Proposal(
        id=id,
        claim_id=command.claim_id,
        wish=terms.plain(command),
        outcome=command.outcome,
        amount=amount,
        note=command.note,
        state=ProposalState.PROPOSED,
        proposed_by=actor_id,
        proposed_at=at,
        ended_by=None,
        ended_at=None,
        reason=None,
        rule_version_id=rule_version_id,
        version=1,
    )
    return Change(None, made, (Happening("proposal.made"),))


def wish_of(proposal: Proposal) -> DecideClaim:
    """The decision as it was wished."""
    wish = proposal.wish
    method = wish.get("shipping_method")
    return DecideClaim(
        claim_id=proposal.claim_id,
        outcome=proposal.outcome,
        note=proposal.note,
        lines=tuple(
            LineWish(
                OrderLineId(line["line_id"]),
                RemedyKind(line["remedy"]),
                None if line.get("amount") is None else terms.money(line["amount"]),
            )
            for line in wish.get("lines", ())
        ),
        shares=tuple(Share(Bearer(part["bearer"]), part["basis_points"]) for part in wish.get("shares", ())),
        relied_on=tuple(kind_of(text)(text) for text in wish.get("relied_on", ())),
        shipping_method=None if method is None else terms.read(ShippingMethodFacts, method),
    )


def confirm(proposal: Proposal, amount: Money, actor_id: Id, at: datetime) -> Change[Proposal]:
    """A second adjudicator confirmed it. Refuses when the decision would come to another amount by now."""
    inputs = {"amount": str(amount), "proposed": str(proposal.amount)}
    same = Finding(SECOND_EYES, amount == proposal.amount, "decision_as_proposed", inputs)
    if not same.holds:
        raise Refused(SECOND_EYES, "The decision must be proposed anew.", (same,))
    return _end(proposal, ProposalState.CONFIRMED, actor_id, at)


def send_back(proposal: Proposal, reason: str, actor_id: Id, at: datetime) -> Change[Proposal]:
    """It went back to the desk."""
    return _end(proposal, ProposalState.RETURNED, actor_id, at, reason)


def lapse(proposal: Proposal, actor_id: Id, at: datetime) -> Change[Proposal]:
    """There is nothing left to confirm."""
    return _end(proposal, ProposalState.LAPSED, actor_id, at)


def _end(
    proposal: Proposal, state: ProposalState, actor_id: Id, at: datetime, reason: str | None = None
) -> Change[Proposal]:
    if proposal.state is not ProposalState.PROPOSED:
        raise ValueError(f"{proposal.id} is {proposal.state}")
    after = replace(proposal, state=state, ended_by=actor_id, ended_at=at, reason=reason, version=proposal.version + 1)
    return Change(proposal, after, (Happening(f"proposal.{state.value.lower()}"),))
