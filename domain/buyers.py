"""Buyers: the companies that buy, and the level each of them stands on (`domain.md` 2.5, 6.4).

How a level changes. Whenever a buyer is looked at (`review_tier`: monthly, after a review of evidence), what it reaches
is compared with where it stands. More than that is told first and comes after its notice, unless the buyer declines
upgrades; less is told first as well and comes step by step. When the notice is over (`settle_tier`) the buyer is looked
at again, so that what was made good in between costs nothing. Staff grant and revoke at once.

    told nothing -reaches more-> upgrade told -notice over, or accepted-> higher level
    told nothing -reaches less-> downgrade told -notice over-> next level down
    upgrade or downgrade told -reaches its own level again, or declined-> told nothing

Laws: a buyer is registered at L0; its level changes by an explained decision only, pinned to the version of the tier
rule that was in force; a look that finds nothing new changes nothing; what a level is worth and who may see it is in
`domain/tiers.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, tiers
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.dates import Calendar, rfc3339
from domain.decisions import Decision, DecisionKind, decision
from domain.errors import Conflict, Invalid, Problem, Refused
from domain.explain import Finding, Input, unmet
from domain.ids import BuyerId, DecisionId, OrganisationId, RuleVersionId
from domain.money import Money
from domain.moves import Move
from domain.organisations import Organisation, OrganisationKind
from domain.parties import Registration, checked, require_room
from domain.terms import Count
from domain.tiers import LABELS, BuyerFacts, Grant, Identity, Proof, TierDecision, TierTerms

TIER_RULE: Final = "tiers"
"""The key of the rule that sets the levels."""


class BuyerAction(StrEnum):
    """What can be done about a buyer's level; the value is the mutation's name in capitals."""

    SUBMIT_TIER_EVIDENCE = "SUBMIT_TIER_EVIDENCE"
    """submitTierEvidence: prove who it is."""
    ACCEPT_TIER_UPGRADE = "ACCEPT_TIER_UPGRADE"
    """acceptTierUpgrade: stand on the higher level at once."""
    SET_TIER_UPGRADES = "SET_TIER_UPGRADES"
    """setTierUpgrades: decline upgrades, or take them again."""
    GRANT_TIER = "GRANT_TIER"
    """grantTier: put it on a level."""
    REVOKE_TIER = "REVOKE_TIER"
    """revokeTier: take its level for misconduct."""
    REINSTATE_TIER = "REINSTATE_TIER"
    """reinstateTier: let it earn levels again."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """One company that buys. `level` is 0 to 4; `level_decision_id` is why, None for the level of registration.

    `pending_level` is what it was told to stand on from `pending_at`; `income` is what was verified at
    `income_verified_at`; `granted_level` is what staff granted at `granted_at`; `revoked_at` is set while its level is
    revoked.
    """

    id: BuyerId
    organisation_id: OrganisationId
    reference: str | None
    name: str
    country: str
    level: int
    level_since: datetime
    level_decision_id: DecisionId | None
    registered_at: datetime
    identity: Identity | None
    income: Money | None
    income_verified_at: datetime | None
    granted_level: int | None
    granted_at: datetime | None
    takes_upgrades: bool
    pending_level: int | None
    pending_at: datetime | None
    pending_decision_id: DecisionId | None
    revoked_at: datetime | None
    version: int

    @property
    def is_upgrade_pending(self) -> bool:
        """Whether it was told of a higher level."""
        return self.pending_level is not None and self.pending_level > self.level


@dataclass(frozen=True, slots=True)
class Purchases:
    """What a buyer bought: its spend in the rule's window and currency, its paid orders, and orders without a rate."""

    spend: Money
    paid_orders: int
    unconverted: int = 0


@dataclass(frozen=True, slots=True)
class GrantTier:
    """The wish that a buyer stands on a level (0 to 4), and the reason in words."""

    buyer_id: BuyerId
    level: int
    reason: str


@dataclass(frozen=True, slots=True)
class RevokeTier:
    """The wish to take a buyer's level for misconduct, or to reinstate it, with the reason in words."""

    buyer_id: BuyerId
    reason: str


@dataclass(frozen=True, slots=True)
class SetTierUpgrades:
    """The wish to take upgrades that are reached (`automatic`), or to decline them. None: the caller's own buyer."""

    buyer_id: BuyerId | None
    automatic: bool


@dataclass(frozen=True, slots=True)
class TierMove:
    """What a look at a buyer's level leads to: the buyer's change and the decision that explains it."""

    buyer: Change[Buyer]
    decision: Decision


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one buyer: the numbers in force, what is recorded, when, in which days, and who looks."""

    rule: TierTerms
    facts: BuyerFacts
    at: datetime
    calendar: Calendar
    decided_by: str

    def decided(self) -> TierDecision:
        """What the buyer reaches."""
        return tiers.evaluate(self.rule, self.facts, self.at, self.calendar)


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
    require_room(organisation, OrganisationKind.BUYER, present, registration)
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
        identity=None,
        income=None,
        income_verified_at=None,
        granted_level=None,
        granted_at=None,
        takes_upgrades=True,
        pending_level=None,
        pending_at=None,
        pending_decision_id=None,
        revoked_at=None,
        version=1,
    )
    return Change(None, buyer, (Happening("buyer.registered", {"organisation": organisation.id}),))


def facts(
    buyer: Buyer,
    purchases: Purchases,
    proofs: tuple[Proof, ...],
    rule: TierTerms,
    at: datetime,
    calendar: Calendar,
) -> BuyerFacts:
    """What is recorded of the buyer; an income that was verified too long ago is none."""
    income = buyer.income
    if buyer.income_verified_at is not None:
        until = tiers.fresh_until(rule, buyer.income_verified_at, calendar)
        income = buyer.income if until is None or at <= until else None
    granted = None
    if buyer.granted_level is not None and buyer.granted_at is not None:
        granted = Grant(Count(buyer.granted_level), buyer.granted_at)
    return BuyerFacts(
        spend=purchases.spend,
        paid_orders=purchases.paid_orders,
        identity=buyer.identity,
        proofs=proofs,
        income=income,
        granted=granted,
        unconverted=purchases.unconverted,
        revoked=buyer.revoked_at is not None,
    )


def is_news(buyer: Buyer, look: Look) -> bool:
    """Whether `review_tier` finds anything new: told quickly, without its reasons."""
    return _target(buyer, look) != (buyer.level if buyer.pending_level is None else buyer.pending_level)


def _target(buyer: Buyer, look: Look) -> int:
    """The level that the buyer should be told of, or its own."""
    reached = tiers.level(look.rule, look.facts, look.at, look.calendar)
    target = tiers.reached_by(look.rule, buyer.level, reached)
    return buyer.level if target > buyer.level and not buyer.takes_upgrades else target


def review_tier(buyer: Buyer, look: Look, *, id: DecisionId) -> TierMove | None:
    """What the look finds new: a level is told, or what was told is taken back. None where nothing changed.

    An upgrade without notice comes at once, and so does every upgrade that `settle_tier` finds.
    """
    if not is_news(buyer, look):
        return None
    decided, target = look.decided(), _target(buyer, look)
    if target == buyer.level:
        tree = _told("tier.confirmed", "tier_confirmed", buyer, target, decided, look)
        return _moved(buyer, _untold(buyer), "buyer.tier_confirmed", tree, look, id)
    upwards = target > buyer.level
    days = look.rule.upgrade_notice_days if upwards else look.rule.downgrade_notice_days
    if upwards and not days:
        return _stands(buyer, target, decided, look, id)
    due_at = dates.day_deadline(look.at, days, look.calendar)
    tree = _told(
        "tier.upgrade" if upwards else "tier.downgrade",
        "tier_upgrade_announced" if upwards else "tier_downgrade_announced",
        buyer,
        target,
        decided,
        look,
        {"from": rfc3339(due_at)},
    )
    after = replace(buyer, pending_level=target, pending_at=due_at, pending_decision_id=id)
    return _moved(buyer, after, "buyer.tier_upgrade_told" if upwards else "buyer.tier_downgrade_told", tree, look, id)


def settle_tier(buyer: Buyer, look: Look, *, id: DecisionId) -> TierMove | None:
    """The notice is over, or the buyer accepts: it stands where it should, or stays where it reaches its own again.

    None where it was told nothing, as when somebody settled it just now.
    """
    if buyer.pending_level is None:
        return None
    decided = look.decided()
    target = tiers.reached_by(look.rule, buyer.level, decided.level)
    if target == buyer.level:
        tree = _told("tier.confirmed", "tier_confirmed", buyer, target, decided, look)
        return _moved(buyer, _untold(buyer), "buyer.tier_confirmed", tree, look, id)
    return _stands(buyer, target, decided, look, id)


def raise_tier(buyer: Buyer, look: Look, *, id: DecisionId) -> TierMove | None:
    """After evidence was accepted the buyer stands at once on what it reaches; None where that is nothing more."""
    decided = look.decided()
    return _stands(buyer, decided.level, decided, look, id) if decided.level > buyer.level else None


def prove(buyer: Buyer, identity: Identity, income: Money | None, *, at: datetime) -> Change[Buyer]:
    """The desk knows what the buyer is, and its yearly income where one was shown."""
    after = replace(buyer, identity=identity, version=buyer.version + 1)
    if income is not None:
        after = replace(after, income=income, income_verified_at=at)
    return Change(buyer, after, (Happening("buyer.proven", {"identity": identity.value}),))


def set_tier_upgrades(buyer: Buyer, automatic: bool) -> Change[Buyer]:
    """The buyer takes upgrades from now on, or declines them, the one it was told of too. Refuses what is so."""
    if buyer.takes_upgrades == automatic:
        told = "The buyer takes upgrades already." if automatic else "The buyer declines upgrades already."
        raise Conflict(told, field=("automatic",))
    after = replace(buyer, takes_upgrades=automatic, version=buyer.version + 1)
    if buyer.is_upgrade_pending and not automatic:
        after = _untold(after)
    return Change(buyer, after, (Happening("buyer.tier_upgrades_set", {"automatic": automatic}),))


def grant_tier(buyer: Buyer, command: GrantTier, look: Look, *, id: DecisionId) -> TierMove:
    """The buyer stands on the level, upwards or downwards, because staff say so under the rule in force.

    The grant counts like evidence from now on, and lapses like it. Refuses a level that the rule does not have and an
    empty reason (Invalid), the level it stands on, and a buyer whose tier is revoked (Conflict).
    """
    steps, reason = look.rule.levels, command.reason.strip()
    problems = () if 0 <= command.level < len(steps) else (_no_level(steps),)
    _require(reason, problems)
    if buyer.revoked_at is not None:
        raise Conflict("The buyer's tier is revoked; reinstate it first.", field=("buyerId",))
    if command.level == buyer.level:
        raise Conflict(f"The buyer stands on {LABELS[buyer.level]} already.", field=("level",))
    inputs: dict[str, Input] = {
        "level": command.level,
        "name": steps[command.level].name,
        "before": buyer.level,
        "reason": reason,
    }
    tree = Finding("tier.grant", True, "tier_granted_by_staff", inputs, look.rule.version)
    granted = replace(_on(buyer, command.level, look, id), granted_level=command.level, granted_at=look.at)
    return _moved(buyer, granted, "buyer.tier_granted", tree, look, id)


def revoke_tier(buyer: Buyer, reason: str, look: Look, *, id: DecisionId) -> TierMove:
    """The buyer stands on L0 for misconduct and earns no level until it is reinstated. Refuses one that is revoked."""
    _require(reason)
    if buyer.revoked_at is not None:
        raise Conflict("The buyer's tier is revoked already.", field=("buyerId",))
    inputs: dict[str, Input] = {"before": buyer.level, "reason": reason.strip()}
    tree = Finding("tier.revoked", True, "tier_revoked_by_staff", inputs, look.rule.version)
    after = replace(_on(buyer, 0, look, id), granted_level=None, granted_at=None, revoked_at=look.at)
    return _moved(buyer, after, "buyer.tier_revoked", tree, look, id)


def reinstate_tier(buyer: Buyer, reason: str, look: Look, *, id: DecisionId) -> TierMove:
    """The buyer earns levels again, and stands at once on what it reaches. Refuses one that is not revoked."""
    _require(reason)
    if buyer.revoked_at is None:
        raise Conflict("The buyer's tier is not revoked.", field=("buyerId",))
    look = replace(look, facts=replace(look.facts, revoked=False))
    decided = look.decided()
    inputs: dict[str, Input] = {"level": decided.level, "reason": reason.strip()}
    tree = Finding("tier.reinstated", True, "tier_reinstated_by_staff", inputs, look.rule.version, (decided.tree,))
    after = replace(_on(buyer, decided.level, look, id), revoked_at=None)
    return _moved(buyer, after, "buyer.tier_reinstated", tree, look, id)


# -- what may be done -------------------------------------------------------------------------------------------------

_MUTATIONS: Final[Mapping[BuyerAction, str]] = {
    BuyerAction.SUBMIT_TIER_EVIDENCE: "submitTierEvidence",
    BuyerAction.ACCEPT_TIER_UPGRADE: "acceptTierUpgrade",
    BuyerAction.SET_TIER_UPGRADES: "setTierUpgrades",
    BuyerAction.GRANT_TIER: "grantTier",
    BuyerAction.REVOKE_TIER: "revokeTier",
    BuyerAction.REINSTATE_TIER: "reinstateTier",
}
assert _MUTATIONS.keys() == set(BuyerAction)


def conditions(buyer: Buyer, action: BuyerAction) -> tuple[Finding, ...]:
    """What the buyer's state says to the action, whoever asks."""
    told = Finding("buyer.tier", buyer.is_upgrade_pending, "tier_upgrade_told")
    revoked = buyer.revoked_at is not None
    free = Finding("buyer.tier", not revoked, "tier_not_revoked")
    return {
        BuyerAction.ACCEPT_TIER_UPGRADE: (told,),
        BuyerAction.GRANT_TIER: (free,),
        BuyerAction.REVOKE_TIER: (free,),
        BuyerAction.SUBMIT_TIER_EVIDENCE: (free,),
        BuyerAction.REINSTATE_TIER: (Finding("buyer.tier", revoked, "tier_revoked_now"),),
    }.get(action, ())


def require(buyer: Buyer, action: BuyerAction) -> None:
    """Returns if the buyer's state allows the action. Otherwise refuses with the reasons."""
    if because := unmet(conditions(buyer, action)):
        raise Refused("buyer.moves", f"Not possible now: {_MUTATIONS[action]}.", because)


def moves(buyer: Buyer, caller: Caller, _at: datetime) -> tuple[Move, ...]:
    """What the caller may do about the buyer's level, and why not.

    Whoever is neither staff nor the buyer learns only that it is not theirs to do: reasons must not tell levels apart.
    """
    own = caller.is_operator or caller.party_id == buyer.id
    return tuple(
        Move(
            action.value,
            unmet(
                (
                    Finding("buyer.role", own and may(caller, _MUTATIONS[action]), "buyer_action_of_your_role"),
                    *(conditions(buyer, action) if own else ()),
                )
            ),
        )
        for action in BuyerAction
    )


# -- within ------------------------------------------------------------------------------------------------------------


_NOTHING: Final[Mapping[str, Input]] = {}


def _untold(buyer: Buyer) -> Buyer:
    return replace(buyer, pending_level=None, pending_at=None, pending_decision_id=None)


def _on(buyer: Buyer, level: int, look: Look, id: DecisionId) -> Buyer:
    """The buyer on that level from now on, told nothing more. Its level's day and reason stay where it stays."""
    if level == buyer.level:
        return _untold(buyer)
    return replace(_untold(buyer), level=level, level_since=look.at, level_decision_id=id)


def _stands(buyer: Buyer, level: int, decided: TierDecision, look: Look, id: DecisionId) -> TierMove:
    tree = _told("tier.moved", "tier_moved", buyer, level, decided, look)
    return _moved(buyer, _on(buyer, level, look, id), "buyer.tier_moved", tree, look, id)


def _told(
    rule: str,
    reason: str,
    buyer: Buyer,
    level: int,
    decided: TierDecision,
    look: Look,
    more: Mapping[str, Input] = _NOTHING,
) -> Finding:
    inputs: dict[str, Input] = {"before": buyer.level, "level": level, "name": look.rule.levels[level].name, **more}
    return Finding(rule, True, reason, inputs, look.rule.version, (decided.tree,))


def _moved(buyer: Buyer, after: Buyer, name: str, tree: Finding, look: Look, id: DecisionId) -> TierMove:
    after = replace(after, version=buyer.version + 1)
    facts: dict[str, Fact] = {"level": after.level, "before": buyer.level, "decision": id}
    facts |= {} if after.pending_level is None else {"pendingLevel": after.pending_level}
    stored = decision(
        id,
        buyer.id,
        DecisionKind.TIER,
        tree,
        at=look.at,
        decided_by=look.decided_by,
        rule_version_ids=(RuleVersionId(look.rule.version),),
    )
    return TierMove(Change(buyer, after, (Happening(name, facts),)), stored)


def _require(reason: str, problems: tuple[Problem, ...] = ()) -> None:
    if not reason.strip():
        problems += (Problem(("reason",), "must not be empty"),)
    if problems:
        raise Invalid(*problems)


def _no_level(steps: tuple[tiers.LevelTerms, ...]) -> Problem:
    return Problem(("level",), f"must be one of {', '.join(LABELS[step.level] for step in steps)}")
