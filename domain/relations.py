"""Relations: which providers and suppliers are one hand's, as they say, as the desk finds, as what is known shows.

How it works. Of what is known of an account's owner, tax number, bank account and device only a keyed digest is kept,
its fingerprint (`domain/personal.py`). A provider's come from what it hands in, a supplier's from what the desk has of
it (`identifySupplier`). Two accounts with the same fingerprint are related from then on, and so are two of which the
desk says so (`relateAccounts`):

    (nothing) -declared by one of the two-> DECLARED         CLEARED -another fingerprint, or declared anew-> back
    (nothing) | DECLARED -same fingerprint, or found by the desk-> DETECTED
    DECLARED | DETECTED -cleared by the desk-> CLEARED

Laws: a pair has one relation, however many fingerprints they share; what the desk has cleared never comes back for the
same fingerprint; bars, removals from programmes and the rule of one account follow a relation that was detected for
both, one that was only declared for whoever declared it, so that nobody is bound by a stranger's word; a provider sees
what itself declared and nothing else. Which fingerprints stop a second account in a market, and which the desk looks
at, is rule data.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.errors import Conflict, Invalid, Problem
from domain.explain import Finding
from domain.ids import LiablePartyId, ProviderId, RelationId
from domain.moves import Move, require
from domain.providers import ProviderState


class RelationKind(StrEnum):
    """What two accounts have in common."""

    OWNER = "OWNER"
    """The same owner."""
    TAX_NUMBER = "TAX_NUMBER"
    """The same tax number."""
    BANK_ACCOUNT = "BANK_ACCOUNT"
    """The same bank account."""
    DEVICE = "DEVICE"
    """They applied from the same device."""
    FINDING = "FINDING"
    """The desk found that they are one hand's."""


class RelationState(StrEnum):
    """Where a relation stands."""

    DECLARED = "DECLARED"
    """One of the two said so; nothing else shows it."""
    DETECTED = "DETECTED"
    """What is known of them is the same, or the desk found it."""
    CLEARED = "CLEARED"
    """The desk found that it is a coincidence."""


class RelationAction(StrEnum):
    """What can be done with a relation; the value is the mutation's name in capitals."""

    CLEAR_RELATION = "CLEAR_RELATION"
    """clearRelation: the desk says that the two have nothing to do with each other."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """That something with that keyed digest is known of a provider or supplier."""

    party_id: LiablePartyId
    kind: RelationKind
    digest: str
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class Relation:
    """Two accounts, of providers or suppliers, that seem to be one hand's; `first_id` is the smaller id of the two.

    `matches` are the fingerprints they share and nobody cleared, `cleared` those that the desk did, each as
    `KIND:digest`; `declared_by` is who of the two said so, `note` in which words, `reason` why the desk cleared it.
    """

    id: RelationId
    first_id: LiablePartyId
    second_id: LiablePartyId
    state: RelationState
    matches: tuple[str, ...]
    cleared: tuple[str, ...]
    declared_by: tuple[ProviderId, ...]
    note: str | None
    reason: str | None
    found_at: datetime
    cleared_at: datetime | None
    version: int

    def other(self, party_id: LiablePartyId) -> LiablePartyId:
        """The other one of the two."""
        return self.second_id if party_id == self.first_id else self.first_id


@dataclass(frozen=True, slots=True)
class DeclareRelatedAccount:
    """A provider's word that another one is the same hand's. `provider_id` where the desk enters it for a provider."""

    related_provider_id: ProviderId
    note: str | None = None
    provider_id: ProviderId | None = None


@dataclass(frozen=True, slots=True)
class RelateAccounts:
    """The desk's finding that two accounts are one hand's, and what shows it."""

    first_id: LiablePartyId
    second_id: LiablePartyId
    reason: str


@dataclass(frozen=True, slots=True)
class ClearRelation:
    """The desk's wish that a relation counts no longer, and why."""

    relation_id: RelationId
    reason: str


@dataclass(frozen=True, slots=True)
class RelationTerms:
    """The rule of one account: what two live accounts in one market must not have in common.

    `refuses`: no second account at all. `flags`: the desk looks at it first. Kinds in neither do not matter.
    """

    version: str
    refuses: frozenset[RelationKind]
    flags: frozenset[RelationKind]

    def __post_init__(self) -> None:
        if self.refuses & self.flags:
            raise ValueError("what refuses an account need not be flagged as well")


@dataclass(frozen=True, slots=True)
class Beside:
    """Another provider that binds the one in question: what they have in common, where it stands and where it sells."""

    kinds: frozenset[RelationKind]
    state: ProviderState
    markets: frozenset[str]
    declared: bool = False


@dataclass(frozen=True, slots=True)
class OneAccount:
    """What the rule of one account says: findings that do not hold, without a word about who the other is."""

    refused: tuple[Finding, ...]
    flagged: tuple[Finding, ...]


ONE_ACCOUNT: Final = "relations"
"""The key of the rule of one account."""

NOT_THERE: Final = frozenset(
    {
        ProviderState.INVITED,
        ProviderState.DRAFT,
        ProviderState.REJECTED,
        ProviderState.EXITED,
        ProviderState.TERMINATED,
    }
)
"""States in which a provider has no account that a second one could stand beside: not yet, or no longer."""

NOTE_CHARACTERS_MAX: Final = 4_000
"""A page, as everywhere."""


def normal(kind: RelationKind, value: str) -> str:
    """The value as it is compared: names without regard to case and blanks, numbers by letters and digits alone."""
    if kind is RelationKind.OWNER:
        return " ".join(value.casefold().split())
    return "".join(letter for letter in value.upper() if letter.isalnum())


def match(kind: RelationKind, digest: str) -> str:
    """How a shared fingerprint is spelled in a relation."""
    return f"{kind.value}:{digest}"


def kinds(relation: Relation) -> tuple[RelationKind, ...]:
    """What the two have in common, as far as nobody cleared it."""
    shared = {text.partition(":")[0] for text in relation.matches}
    return tuple(kind for kind in RelationKind if kind.value in shared)


def binds(relation: Relation, party_id: LiablePartyId) -> bool:
    """Whether what befalls the other one of the two counts for `party_id`."""
    return bool(relation.matches) or party_id in relation.declared_by


def detect(
    relation: Relation | None,
    first_id: LiablePartyId,
    second_id: LiablePartyId,
    kind: RelationKind,
    digest: str,
    *,
    id: RelationId,
    at: datetime,
) -> Change[Relation] | None:
    """The two share that fingerprint. None where that is known, or where the desk has cleared it before.

    `first_id` is the smaller id of the two; `relation` is theirs, if they have one.
    """
    shared = match(kind, digest)
    if relation is None:
        found = Relation(
            id, first_id, second_id, RelationState.DETECTED, (shared,), (), (), None, None, at, None, version=1
        )
        return Change(None, found, (_happened("relation.detected", found),))
    if shared in relation.matches or shared in relation.cleared:
        return None
    after = replace(
        relation,
        state=RelationState.DETECTED,
        matches=tuple(sorted((*relation.matches, shared))),
        cleared_at=None,
        version=relation.version + 1,
    )
    return Change(relation, after, (_happened("relation.detected", after),))


def relate_accounts(
    relation: Relation | None, command: RelateAccounts, *, id: RelationId, at: datetime
) -> Change[Relation]:
    """The desk has found that the two are one hand's: that binds both, until it is cleared.

    Refuses an account with itself (Invalid), and what was found before and still stands (Conflict).
    """
    if command.first_id == command.second_id:
        raise Invalid(Problem(("secondId",), "An account is not related to itself."))
    if relation is not None and RelationKind.FINDING in kinds(relation):
        raise Conflict("This was found already.", field=("secondId",))
    first_id, second_id = sorted((command.first_id, command.second_id))
    # A finding is numbered like the version it makes: one that was cleared does not stand in the way of a later one.
    number = str(1 if relation is None else relation.version + 1)
    change = detect(relation, first_id, second_id, RelationKind.FINDING, number, id=id, at=at)
    assert change is not None, "the number is new"
    return replace(change, after=replace(change.after, note=command.reason))


def declare_related_account(
    relation: Relation | None,
    by: ProviderId,
    other: ProviderId,
    note: str | None,
    *,
    id: RelationId,
    at: datetime,
) -> Change[Relation]:
    """`by` says that `other` is the same hand's. Refuses itself (Invalid), and what it has declared (Conflict)."""
    if by == other:
        raise Invalid(Problem(("relatedProviderId",), "A provider is not related to itself."))
    first_id, second_id = sorted((by, other))
    if relation is None:
        said = Relation(id, first_id, second_id, RelationState.DECLARED, (), (), (by,), note, None, at, None, version=1)
        return Change(None, said, (_happened("relation.declared", said),))
    if by in relation.declared_by:
        raise Conflict("This was declared already.", field=("relatedProviderId",))
    after = replace(
        relation,
        state=RelationState.DETECTED if relation.matches else RelationState.DECLARED,
        declared_by=tuple(sorted((*relation.declared_by, by))),
        note=note or relation.note,
        cleared_at=None,
        version=relation.version + 1,
    )
    return Change(relation, after, (_happened("relation.declared", after),))


def moves(relation: Relation, caller: Caller, at: datetime) -> tuple[Move, ...]:  # noqa: ARG001 - as all moves are asked
    """What the caller may do with the relation, and why not."""
    role = Finding("relation.role", may(caller, "clearRelation"), "relation_action_of_your_role")
    stands = Finding(
        "relation.stands",
        relation.state is not RelationState.CLEARED,
        "relation_stands",
        {"state": relation.state.value},
    )
    unmet = tuple(finding for finding in (role, stands) if not finding.holds)
    return (Move(RelationAction.CLEAR_RELATION.value, unmet),)


def clear_relation(relation: Relation, reason: str, caller: Caller, *, at: datetime) -> Change[Relation]:
    """The two have nothing to do with each other: what they share now never counts again. Refuses a cleared one."""
    require(moves(relation, caller, at), RelationAction.CLEAR_RELATION, "relation.clear")
    after = replace(
        relation,
        state=RelationState.CLEARED,
        matches=(),
        cleared=tuple(sorted({*relation.cleared, *relation.matches})),
        declared_by=(),
        reason=reason,
        cleared_at=at,
        version=relation.version + 1,
    )
    return Change(relation, after, (_happened("relation.cleared", after),))


def because(relation: Relation) -> tuple[Finding, ...]:
    """Why the two count as related, or no longer do; for the desk."""
    found = tuple(
        Finding("relation.found", True, "relation_by_finding", {"reason": relation.note})
        if kind is RelationKind.FINDING
        else Finding("relation.match", True, "relation_by_match", {"kind": kind.value})
        for kind in kinds(relation)
    )
    found += tuple(Finding("relation.declared", True, "relation_by_word", {"by": by}) for by in relation.declared_by)
    if relation.state is RelationState.CLEARED:
        found += (Finding("relation.stands", False, "relation_not_cleared", {"reason": relation.reason}),)
    return found


def one_account(terms: RelationTerms, markets: frozenset[str], besides: Iterable[Beside]) -> OneAccount:
    """What stands in the way of another account for those markets (none named: all), beside those others.

    An account that its own word relates counts as flagged: honesty is never worse than silence, and never ignored.
    """
    shared: set[RelationKind] = set()
    declared = False
    for beside in besides:
        same_market = not markets or not beside.markets or bool(markets & beside.markets)
        if same_market and beside.state not in NOT_THERE:
            shared |= beside.kinds
            declared |= beside.declared
    flagged = tuple(_other(terms, kind) for kind in RelationKind if kind in shared & terms.flags)
    if declared and not flagged:
        flagged = (Finding("relation.one_account", False, "provider_declared_no_other_account", {}, terms.version),)
    return OneAccount(tuple(_other(terms, kind) for kind in RelationKind if kind in shared & terms.refuses), flagged)


def _other(terms: RelationTerms, kind: RelationKind) -> Finding:
    return Finding("relation.one_account", False, "provider_shares_with_no_account", {"kind": kind}, terms.version)


def _happened(name: str, relation: Relation) -> Happening:
    facts: dict[str, Fact] = {
        "firstId": relation.first_id,
        "secondId": relation.second_id,
        "state": relation.state.value,
        "kinds": ",".join(kinds(relation)),
    }
    return Happening(name, facts)


# -- the judge of the rule's own cases -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccountGiven:
    """A provider for those markets stands beside another that is in that state and shares those kinds."""

    shares: frozenset[RelationKind]
    state: ProviderState = ProviderState.ACTIVE
    markets: frozenset[str] = frozenset()
    other_markets: frozenset[str] = frozenset()
    declared: bool = False


@dataclass(frozen=True, slots=True)
class AccountFound:
    """Whether it is refused, whether the desk looks at it first, and what for."""

    refused: tuple[str, ...]
    flagged: bool


def judge(rule: RelationTerms, given: AccountGiven) -> AccountFound:
    """What the rule makes of a second account: for the example cases of its versions."""
    beside = Beside(given.shares, given.state, given.other_markets, given.declared)
    found = one_account(rule, given.markets, (beside,))
    return AccountFound(tuple(str(each.inputs["kind"]) for each in found.refused), bool(found.flagged))
