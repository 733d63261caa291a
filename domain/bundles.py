"""Bundles: several guarantees that a party stands for as one, by one enrolment (`domain.md` 2.4; brief SD2).

The semi-managed model promises one price, arrival on time and protected after-sales service in its launch markets. A
party that joins offers a guarantee of each member's rule; a quote and an order of the bundle carry all of them, and the
quote's price is locked with everything in it.

    ACTIVE ── leaveBundle ──> WITHDRAWING ── its notice is over ──> ENDED      REMOVED: the party was removed

Laws: the members begin and end with the bundle; it is on offer where each of its members is, and nowhere else; what was
bought with it stays covered.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain import terms
from domain.access import Caller, may
from domain.change import Change, Happening
from domain.countries import COUNTRIES, require_markets
from domain.enrolments import OVER, PROMISES, Guarantee, GuaranteeState
from domain.errors import Conflict, Invalid, Problem
from domain.explain import Finding, unmet
from domain.guarantees import Promise
from domain.ids import BundleId, GuaranteeId, LiablePartyId, ProviderId, SupplierId
from domain.moves import Move, require
from domain.rulebook import RuleKind, RuleVersion


@dataclass(frozen=True, slots=True)
class BundleTerms:
    """The numbers of one version of a bundle's rule: the rules of its members, and the countries it is for."""

    version: str
    members: tuple[str, ...]
    markets: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.members)) < max(len(self.members), 2):
            raise ValueError("a bundle has two members or more, each once")
        if not self.markets or set(self.markets) - COUNTRIES:
            raise ValueError("a bundle names the countries it is for")


@dataclass(frozen=True, slots=True)
class BundleGiven:
    """The bundle is asked for in a country."""

    country: str


@dataclass(frozen=True, slots=True)
class BundleFound:
    """Its members, and whether it is for that country."""

    members: tuple[str, ...]
    runs: bool


class BundleAction(StrEnum):
    """What can be done with a bundle; the value is the mutation's name in capitals."""

    LEAVE_BUNDLE = "LEAVE_BUNDLE"
    """leaveBundle: its party gives notice."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A party's enrolment in a bundle. Exactly one of `supplier_id` and `provider_id` is set.

    `guarantee_ids` are its members, `markets` the countries it is offered in.
    """

    id: BundleId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    rule_key: str
    title: str
    state: GuaranteeState
    markets: tuple[str, ...]
    guarantee_ids: tuple[GuaranteeId, ...]
    joined_at: datetime
    ends_at: datetime | None
    version: int

    @property
    def party_id(self) -> LiablePartyId:
        """Who stands for it."""
        party_id = self.supplier_id or self.provider_id
        assert party_id is not None, "the table's check allows no bundle without a party"
        return party_id


@dataclass(frozen=True, slots=True)
class JoinBundle:
    """The wish to join a bundle, for a party (the caller's own when none is named); no markets: all of the bundle's."""

    rule_key: str
    party_id: LiablePartyId | None
    markets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_markets(self.markets)


@dataclass(frozen=True, slots=True)
class LeaveBundle:
    """The wish that a party's bundle is offered no longer once its notice is over."""

    bundle_id: BundleId


def bundle_terms(version: RuleVersion) -> BundleTerms:
    """The numbers of a bundle's version. Refuses with Invalid a version of another kind."""
    if version.kind is not RuleKind.BUNDLE:
        raise Invalid(Problem(("ruleKey",), f"{version.key} is no bundle"))
    return terms.of(BundleTerms, version)


def judge(rule: BundleTerms, given: BundleGiven) -> BundleFound:
    """What the rule comes to, for its example cases."""
    return BundleFound(rule.members, given.country in rule.markets)


def join_bundle(
    rule: RuleVersion,
    party_id: LiablePartyId,
    markets: Collection[str],
    members: Sequence[Guarantee],
    *,
    present: Bundle | None,
    id: BundleId,
    at: datetime,
) -> Change[Bundle]:
    """The party stands for the bundle with those members. `present` is its enrolment in it that has not ended.

    Raises:
        Conflict: it has joined already.
    """
    if present is not None:
        raise Conflict(f"The bundle was joined already, as {present.id}.", field=("ruleKey",))
    bundle = Bundle(
        id=id,
        supplier_id=party_id if isinstance(party_id, SupplierId) else None,
        provider_id=party_id if isinstance(party_id, ProviderId) else None,
        rule_key=rule.key,
        title=rule.title,
        state=GuaranteeState.ACTIVE,
        markets=tuple(sorted(set(markets))),
        guarantee_ids=tuple(member.id for member in members),
        joined_at=at,
        ends_at=None,
        version=1,
    )
    facts = {"rule": rule.key, "party": party_id, "markets": ", ".join(bundle.markets)}
    return Change(None, bundle, (Happening("bundle.joined", facts),))


def standing_alone(members: Iterable[Guarantee], markets: Collection[str]) -> tuple[Finding, ...]:
    """Whether guarantees that the party offers by themselves already can become members: on offer in all markets."""
    return tuple(
        Finding(
            "bundle.member",
            member.state is GuaranteeState.ACTIVE and (not member.markets or set(markets) <= set(member.markets)),
            "guarantee_can_join_bundle",
            {"guarantee": member.id, "state": member.state.value, "markets": ", ".join(member.markets)},
        )
        for member in members
    )


def moves(bundle: Bundle, caller: Caller) -> tuple[Move, ...]:
    """Every action on the bundle for that caller, each with all that stands in its way."""
    own = caller.is_operator or caller.party_id == bundle.party_id
    findings = (
        Finding("bundle.role", own and may(caller, "leaveBundle"), "bundle_is_yours"),
        Finding(
            "bundle.state",
            bundle.state in {GuaranteeState.ACTIVE, GuaranteeState.SUSPENDED},
            "bundle_goes_on",
            {"state": bundle.state.value},
        ),
    )
    return (Move(BundleAction.LEAVE_BUNDLE.value, unmet(findings)),)


def leave_bundle(bundle: Bundle, caller: Caller, *, ends_at: datetime) -> Change[Bundle]:
    """Its party gave notice: it is on offer until `ends_at`. Refuses, with every reason, what `moves` blocks."""
    require(moves(bundle, caller), BundleAction.LEAVE_BUNDLE.value, "bundle.leave")
    after = replace(bundle, state=GuaranteeState.WITHDRAWING, ends_at=ends_at, version=bundle.version + 1)
    return Change(bundle, after, (Happening("bundle.left", {"party": bundle.party_id}),))


def end_bundle(bundle: Bundle, state: GuaranteeState, *, at: datetime) -> Change[Bundle]:
    """It is over: its notice has passed, or a member of it has ended. Refuses (ValueError) one that is over."""
    if bundle.state in {GuaranteeState.ENDED, GuaranteeState.REMOVED}:
        raise ValueError(f"{bundle.id} is over")
    after = replace(bundle, state=state, ends_at=at, version=bundle.version + 1)
    return Change(bundle, after, (Happening("bundle.ended", {"party": bundle.party_id, "state": state.value}),))


def restore_bundle(bundle: Bundle, past: Bundle) -> Change[Bundle]:
    """That it ended was overturned: it stands as in the `past`. Refuses (ValueError) one that has not ended."""
    if bundle.state not in OVER:
        raise ValueError(f"{bundle.id} is not over")
    after = replace(bundle, state=past.state, ends_at=past.ends_at, version=bundle.version + 1)
    return Change(bundle, after, (Happening("bundle.restored", {"party": bundle.party_id}),))


def follow(bundle: Bundle, members: Iterable[Guarantee], at: datetime) -> Change[Bundle] | None:
    """The bundle stands as its members do: suspended or over when one of them is; None where it does already."""
    states = {member.state for member in members}
    if bundle.state in {GuaranteeState.ENDED, GuaranteeState.REMOVED}:
        return None
    for over in (GuaranteeState.REMOVED, GuaranteeState.ENDED):
        if over in states:
            return end_bundle(bundle, over, at=at)
    if bundle.state is GuaranteeState.WITHDRAWING:
        return None
    state = GuaranteeState.SUSPENDED if GuaranteeState.SUSPENDED in states else GuaranteeState.ACTIVE
    if state is bundle.state:
        return None
    after = replace(bundle, state=state, version=bundle.version + 1)
    name = "bundle.suspended" if state is GuaranteeState.SUSPENDED else "bundle.resumed"
    return Change(bundle, after, (Happening(name, {"party": bundle.party_id}),))


def promises(bundle_members: Mapping[str, RuleVersion]) -> tuple[Promise, ...]:
    """What the members promise. Refuses with Invalid a member that nobody can stand for."""
    if wrong := sorted(key for key, version in bundle_members.items() if version.kind not in PROMISES):
        raise Invalid(*(Problem(("ruleKey",), f"{key} is no guarantee") for key in wrong))
    return tuple(PROMISES[version.kind] for version in bundle_members.values())
