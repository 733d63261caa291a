"""Buyers: the companies that buy, and the level each of them stands on (`domain.md` 2.5, 6.4).

Laws: a buyer is registered at L0; its level changes by an explained decision only, pinned to the version of the tier
rule that was in force; what a level is worth and who may see it is in `domain/tiers.py`.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain.change import Change, Happening
from domain.decisions import Decision, DecisionKind, decision
from domain.errors import Conflict, Invalid, Problem
from domain.explain import Finding
from domain.ids import BuyerId, DecisionId, OrganisationId
from domain.organisations import Organisation, OrganisationKind
from domain.parties import Registration, checked, require_room
from domain.rulebook import RuleVersion
from domain.tiers import LABELS, tier_terms

TIER_RULE: Final = "tiers"
"""The key of the rule that sets the levels."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """One company that buys. `level` is 0 to 4; `level_decision_id` is why, None for the level of registration."""

    id: BuyerId
    organisation_id: OrganisationId
    reference: str | None
    name: str
    country: str
    level: int
    level_since: datetime
    level_decision_id: DecisionId | None
    registered_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class GrantTier:
    """The wish that a buyer stands on a level (0 to 4), and the reason in words."""

    buyer_id: BuyerId
    level: int
    reason: str


@dataclass(frozen=True, slots=True)
class TierGrant:
    """What granting a level leads to: the buyer's change and the decision that explains it."""

    buyer: Change[Buyer]
    decision: Decision


def register_buyer(
    registration: Registration,
    organisation: Organisation,
    *,
    present: BuyerId | None,
    id: BuyerId,
    at: datetime,
) -> Change[Buyer]:
    """The organisation buys here, at L0. Refuses what `parties` refuses."""
    registration = checked(registration)
    require_room(organisation, OrganisationKind.BUYER, present)
    buyer = Buyer(
        id=id,
        organisation_id=organisation.id,
        reference=registration.reference,
        name=registration.name,
        country=registration.country,
        level=0,
        level_since=at,
        level_decision_id=None,
        registered_at=at,
        version=1,
    )
    return Change(None, buyer, (Happening("buyer.registered", {"organisation": organisation.id}),))


def grant_tier(
    buyer: Buyer, command: GrantTier, rule: RuleVersion, *, decided_by: str, id: DecisionId, at: datetime
) -> TierGrant:
    """The buyer stands on the level, upwards or downwards, because staff say so under the rule in force.

    Refuses a level that the rule does not have and an empty reason (Invalid), and the level it stands on (Conflict).
    """
    steps = tier_terms(rule).levels
    problems: tuple[Problem, ...] = ()
    if not 0 <= command.level < len(steps):
        problems += (Problem(("level",), f"must be one of {', '.join(LABELS[step.level] for step in steps)}"),)
    if not command.reason.strip():
        problems += (Problem(("reason",), "must not be empty"),)
    if problems:
        raise Invalid(*problems)
    if command.level == buyer.level:
        raise Conflict(f"The buyer stands on {LABELS[buyer.level]} already.", field=("level",))
    tree = Finding(
        "tier.grant",
        True,
        "tier_granted_by_staff",
        {
            "level": command.level,
            "name": steps[command.level].name,
            "before": buyer.level,
            "reason": command.reason.strip(),
        },
        str(rule.id),
    )
    decided = decision(id, buyer.id, DecisionKind.TIER, tree, at=at, decided_by=decided_by, rule_version_ids=(rule.id,))
    after = replace(buyer, level=command.level, level_since=at, level_decision_id=id, version=buyer.version + 1)
    happened = Happening("buyer.tier_granted", {"level": command.level, "before": buyer.level, "decision": id})
    return TierGrant(Change(buyer, after, (happened,)), decided)
