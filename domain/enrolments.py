"""Enrolments: the guarantees that suppliers and providers offer, each under one rule (`domain.md` 6.5).

What a promise means and costs is in `domain/guarantees/` and its rules, under which conditions a party may stand for it
in `domain/programmes.py`; here is only who does. Laws: a party offers a rule's guarantee at most once at a time; who
gives notice stands for what is bought until it is over; every cover that was frozen before stays as it is.

    (OFFERED: the programme is open to the party)
    APPLIED ── admitGuarantee (the desk) ──> ACTIVE          APPLIED ── declineGuarantee, withdrawGuarantee ──> ENDED
    ACTIVE <── the party may not stand for it, and may again (`domain/capabilities.py`) ──> SUSPENDED
    ACTIVE, SUSPENDED ── withdrawGuarantee (the party, the desk) ──> WITHDRAWING ── its notice is over ──> ENDED
    any but ENDED ── the party has left ──> ENDED            any but ENDED ── the party was removed ──> REMOVED
    ENDED, REMOVED ── what ended it was overturned ──> as it stood before
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.access import Caller, may
from domain.change import Change, Happening
from domain.countries import require_markets
from domain.errors import Conflict, Forbidden, Invalid, Problem
from domain.explain import Finding, Input, unmet
from domain.guarantees import BREACHES, Promise
from domain.ids import BundleId, GuaranteeId, LiablePartyId, ProviderId, SupplierId
from domain.moves import Move, require
from domain.rulebook import RuleKind, RuleVersion

PROMISES: Final[Mapping[RuleKind, Promise]] = {breach.kind: promise for promise, breach in BREACHES.items()}
"""The kinds of rule under which a guarantee can be offered."""


class GuaranteeState(StrEnum):
    """The life of an offer."""

    APPLIED = "APPLIED"
    """The desk looks at it before it is offered."""
    ACTIVE = "ACTIVE"
    """Orders can be bought with it."""
    SUSPENDED = "SUSPENDED"
    """Not offered for the time being."""
    WITHDRAWING = "WITHDRAWING"
    """Its party gave notice: orders can be bought with it until that is over."""
    ENDED = "ENDED"
    """Over."""
    REMOVED = "REMOVED"
    """Its party was removed from the programme, and is barred from it for some time."""


OVER: Final = frozenset({GuaranteeState.ENDED, GuaranteeState.REMOVED})
"""States in which nobody stands for anything new any more."""
ON_OFFER: Final = frozenset({GuaranteeState.ACTIVE, GuaranteeState.WITHDRAWING})
"""States in which orders can be bought with it."""


class GuaranteeAction(StrEnum):
    """What can be done with a guarantee; the value is the mutation's name in capitals."""

    ADMIT_GUARANTEE = "ADMIT_GUARANTEE"
    """admitGuarantee: the desk lets the party stand for it."""
    DECLINE_GUARANTEE = "DECLINE_GUARANTEE"
    """declineGuarantee: the desk does not."""
    WITHDRAW_GUARANTEE = "WITHDRAW_GUARANTEE"
    """withdrawGuarantee: its party gives notice."""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A party's offer to stand for a promise under a rule. Exactly one of `supplier_id` and `provider_id` is set.

    `markets` are the countries it is offered in, none: wherever the rule allows. `bundle_id` is the bundle that it is a
    member of, `reason` the desk's word for not admitting or for removing it, `barred_until` the last instant at which
    its party may not come back.
    """

    id: GuaranteeId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    rule_key: str
    promise: Promise
    title: str
    state: GuaranteeState
    offered_at: datetime
    ends_at: datetime | None
    version: int
    markets: tuple[str, ...] = ()
    bundle_id: BundleId | None = None
    reason: str | None = None
    barred_until: datetime | None = None

    @property
    def party_id(self) -> LiablePartyId:
        """Who stands for the promise."""
        party_id = self.supplier_id or self.provider_id
        assert party_id is not None, "the table's check allows no guarantee without a party"
        return party_id


@dataclass(frozen=True, slots=True)
class OfferGuarantee:
    """The wish to offer a rule's guarantee, for a party (the caller's own when none is named).

    `markets` are the countries it is offered in; none: wherever it sells. Refuses with Invalid what is no country.
    """

    rule_key: str
    party_id: LiablePartyId | None
    markets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_markets(self.markets)


@dataclass(frozen=True, slots=True)
class WithdrawGuarantee:
    """The wish that a guarantee is offered no longer once its notice is over."""

    guarantee_id: GuaranteeId


@dataclass(frozen=True, slots=True)
class AdmitGuarantee:
    """The desk's wish that a party stands for the guarantee it applied for."""

    guarantee_id: GuaranteeId


@dataclass(frozen=True, slots=True)
class DeclineGuarantee:
    """The desk's wish that it does not, and why."""

    guarantee_id: GuaranteeId
    reason: str


def liable_party(command: OfferGuarantee, caller: Caller) -> LiablePartyId:
    """For whom the guarantee shall be offered. Refuses another party's name, and the operator naming none."""
    party_id = command.party_id or caller.party_id
    if not isinstance(party_id, SupplierId | ProviderId):
        raise Invalid(Problem(("partyId",), "must name a supplier or a provider"))
    if party_id != caller.party_id and not caller.is_operator:
        raise Forbidden("A guarantee is offered by the party itself or by the marketplace's desk.")
    return party_id


def offer_guarantee(
    rule: RuleVersion,
    party_id: LiablePartyId,
    markets: Collection[str] = (),
    *,
    present: Guarantee | None,
    id: GuaranteeId,
    at: datetime,
    review: bool = False,
    bundle_id: BundleId | None = None,
) -> Change[Guarantee]:
    """The party stands for the rule's promise from now on. `present` is its offer of that rule that has not ended.

    With `review` the desk has to admit it first.

    Raises:
        Invalid: the rule is none under which guarantees are offered.
        Conflict: it is offered already.
    """
    if rule.kind not in PROMISES:
        raise Invalid(Problem(("ruleKey",), f"{rule.key} is a rule of kind {rule.kind}: nobody offers it"))
    if present is not None:
        raise Conflict(f"The guarantee is offered already, as {present.id}.", field=("ruleKey",))
    guarantee = Guarantee(
        id=id,
        supplier_id=party_id if isinstance(party_id, SupplierId) else None,
        provider_id=party_id if isinstance(party_id, ProviderId) else None,
        rule_key=rule.key,
        promise=PROMISES[rule.kind],
        title=rule.title,
        state=GuaranteeState.APPLIED if review else GuaranteeState.ACTIVE,
        offered_at=at,
        ends_at=None,
        version=1,
        markets=tuple(sorted(set(markets))),
        bundle_id=bundle_id,
    )
    name = "guarantee.applied" if review else "guarantee.offered"
    return Change(None, guarantee, (Happening(name, {"rule": rule.key, "party": party_id}),))


@dataclass(frozen=True, slots=True)
class Step:
    """A row of what people do with an enrolment: the mutation, in which states, and whether only the desk does it."""

    mutation: str
    since: frozenset[GuaranteeState]
    desk: bool


MOVES: Final[Mapping[GuaranteeAction, Step]] = {
    GuaranteeAction.ADMIT_GUARANTEE: Step("admitGuarantee", frozenset({GuaranteeState.APPLIED}), desk=True),
    GuaranteeAction.DECLINE_GUARANTEE: Step("declineGuarantee", frozenset({GuaranteeState.APPLIED}), desk=True),
    GuaranteeAction.WITHDRAW_GUARANTEE: Step(
        "withdrawGuarantee",
        frozenset({GuaranteeState.APPLIED, GuaranteeState.ACTIVE, GuaranteeState.SUSPENDED}),
        desk=False,
    ),
}
"""Total; the diagram above is drawn from it, with what clocks and other nouns do."""


def moves(guarantee: Guarantee, caller: Caller, standing: Collection[Finding] = ()) -> tuple[Move, ...]:
    """Every action on the guarantee for that caller, each with all that stands in its way.

    `standing` is what the programme and the party's own record say to an admission now, as far as it is not met.
    """
    return tuple(_move(guarantee, caller, action, standing) for action in MOVES)


def _move(guarantee: Guarantee, caller: Caller, action: GuaranteeAction, standing: Collection[Finding]) -> Move:
    step = MOVES[action]
    own = caller.is_operator or (not step.desk and caller.party_id == guarantee.party_id)
    findings = (
        Finding("guarantee.role", own and may(caller, step.mutation), "guarantee_is_yours"),
        Finding(
            "guarantee.state", guarantee.state in step.since, "guarantee_not_ended", {"state": guarantee.state.value}
        ),
        *((_alone(guarantee),) if action is GuaranteeAction.WITHDRAW_GUARANTEE else ()),
        *(standing if action is GuaranteeAction.ADMIT_GUARANTEE else ()),
    )
    return Move(action.value, unmet(findings))


def _alone(guarantee: Guarantee) -> Finding:
    inputs: dict[str, Input] = {"bundle": guarantee.bundle_id}
    return Finding("guarantee.bundle", guarantee.bundle_id is None, "guarantee_stands_alone", inputs)


def admit_guarantee(
    guarantee: Guarantee, caller: Caller, standing: Collection[Finding], *, at: datetime
) -> Change[Guarantee]:
    """The desk admits the party: orders can be bought with it. Refuses, with every reason, what `moves` blocks."""
    require(moves(guarantee, caller, standing), GuaranteeAction.ADMIT_GUARANTEE.value, "guarantee.admit")
    after = replace(guarantee, state=GuaranteeState.ACTIVE, offered_at=at, version=guarantee.version + 1)
    facts = {"rule": guarantee.rule_key, "party": guarantee.party_id}
    return Change(guarantee, after, (Happening("guarantee.offered", facts),))


def decline_guarantee(guarantee: Guarantee, caller: Caller, reason: str, *, at: datetime) -> Change[Guarantee]:
    """The desk does not admit the party. Refuses, with every reason, what `moves` blocks."""
    require(moves(guarantee, caller), GuaranteeAction.DECLINE_GUARANTEE.value, "guarantee.decline")
    after = replace(guarantee, state=GuaranteeState.ENDED, ends_at=at, reason=reason, version=guarantee.version + 1)
    return Change(guarantee, after, (Happening("guarantee.declined", {"party": guarantee.party_id}),))


def withdraw_guarantee(guarantee: Guarantee, caller: Caller, *, ends_at: datetime, at: datetime) -> Change[Guarantee]:
    """Its party gave notice: it is on offer until `ends_at`; what was only applied for ends at once.

    Refuses, with every reason, what `moves` blocks.
    """
    require(moves(guarantee, caller), GuaranteeAction.WITHDRAW_GUARANTEE.value, "guarantee.withdraw")
    return give_notice(guarantee, ends_at=ends_at, at=at)


def give_notice(guarantee: Guarantee, *, ends_at: datetime, at: datetime) -> Change[Guarantee]:
    """It is on offer until `ends_at`; what was only applied for ends at once. Refuses (ValueError) one that is over."""
    if guarantee.state in OVER:
        raise ValueError(f"{guarantee.id} has ended")
    applied = guarantee.state is GuaranteeState.APPLIED
    state, ends_at = (GuaranteeState.ENDED, at) if applied else (GuaranteeState.WITHDRAWING, ends_at)
    after = replace(guarantee, state=state, ends_at=ends_at, version=guarantee.version + 1)
    return Change(guarantee, after, (Happening("guarantee.withdrawn", {"party": guarantee.party_id}),))


def suspend_guarantee(guarantee: Guarantee) -> Change[Guarantee]:
    """Nothing new is bought with it: its party may not stand for it now. Refuses (ValueError) one not on offer."""
    if guarantee.state is not GuaranteeState.ACTIVE:
        raise ValueError(f"{guarantee.id} is not on offer")
    after = replace(guarantee, state=GuaranteeState.SUSPENDED, version=guarantee.version + 1)
    return Change(guarantee, after, (Happening("guarantee.suspended", {"party": guarantee.party_id}),))


def resume_guarantee(guarantee: Guarantee) -> Change[Guarantee]:
    """It is on offer again. Refuses (ValueError) one that is not suspended."""
    if guarantee.state is not GuaranteeState.SUSPENDED:
        raise ValueError(f"{guarantee.id} is not suspended")
    after = replace(guarantee, state=GuaranteeState.ACTIVE, version=guarantee.version + 1)
    return Change(guarantee, after, (Happening("guarantee.resumed", {"party": guarantee.party_id}),))


def end_guarantee(guarantee: Guarantee, *, at: datetime) -> Change[Guarantee]:
    """It has ended: its notice is over, or its party may offer it no longer; covers stay.

    Refuses (ValueError) one that has ended.
    """
    if guarantee.state in OVER:
        raise ValueError(f"{guarantee.id} has ended")
    after = replace(guarantee, state=GuaranteeState.ENDED, ends_at=at, version=guarantee.version + 1)
    return Change(guarantee, after, (Happening("guarantee.ended", {"party": guarantee.party_id}),))


def remove_guarantee(
    guarantee: Guarantee, reason: str, *, barred_until: datetime | None, at: datetime
) -> Change[Guarantee]:
    """Its party was removed from the programme, perhaps barred until then; covers stay. Refuses one that has ended."""
    if guarantee.state in OVER:
        raise ValueError(f"{guarantee.id} has ended")
    after = replace(
        guarantee,
        state=GuaranteeState.REMOVED,
        ends_at=at,
        reason=reason,
        barred_until=barred_until,
        version=guarantee.version + 1,
    )
    return Change(guarantee, after, (Happening("guarantee.removed", {"party": guarantee.party_id}),))


def restore_guarantee(guarantee: Guarantee, past: Guarantee, *, at: datetime) -> Change[Guarantee]:
    """That it ended was overturned: it stands as it stood in the `past`, unless its notice has run out meanwhile.

    Refuses (ValueError) one that has not ended, and a past in which it had.
    """
    if guarantee.state not in OVER or past.state in OVER:
        raise ValueError(f"{guarantee.id} is {guarantee.state} and was {past.state}")
    over = past.state is GuaranteeState.WITHDRAWING and past.ends_at is not None and past.ends_at < at
    after = replace(
        guarantee,
        state=GuaranteeState.ENDED if over else past.state,
        ends_at=past.ends_at,
        reason=past.reason,
        barred_until=past.barred_until,
        version=guarantee.version + 1,
    )
    return Change(guarantee, after, (Happening("guarantee.restored", {"party": guarantee.party_id}),))


def join(guarantee: Guarantee, bundle_id: BundleId) -> Change[Guarantee]:
    """A guarantee that its party offered by itself is a member of the bundle, and ends with it."""
    after = replace(guarantee, bundle_id=bundle_id, version=guarantee.version + 1)
    facts = {"party": guarantee.party_id, "bundle": bundle_id}
    return Change(guarantee, after, (Happening("guarantee.bundled", facts),))


assert MOVES.keys() == set(GuaranteeAction)
