"""The desk: which claims wait for whom of staff, in which order, and when one pair of eyes is not enough.

Laws: a queue is sorted by the instant until which somebody must act and then by the priority of the buyer's tier,
frozen when the claim was opened, which nobody but staff can see or infer; a decision above the amount of the rule
needs two adjudicators; whoever decided, proposed or confirmed a decision never reviews an appeal against it; what a
preview of decisions showed happens exactly so or not at all.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from domain import money, terms
from domain.access import Role
from domain.claims import ClaimOutcome
from domain.claims.desk import SECOND_EYES
from domain.clocks import Duty
from domain.errors import Invalid, Problem
from domain.exchange_rates import Conversion
from domain.explain import Finding
from domain.ids import ClaimId, Id, SavedFilterId
from domain.money import Money
from domain.rulebook import RuleKind, RuleVersion

RULE: Final = "desk"
"""The key of the rule."""

CLAIMS_MAX: Final = 100
"""Claims of one bulk decision: one page of a queue, decided in one transaction of a second or two."""

QUEUES: Final[Mapping[Role, frozenset[Duty]]] = {
    Role.SUPPORT: frozenset({Duty.TAKE_UP_CLAIM}),
    Role.ADJUDICATOR: frozenset({Duty.TAKE_UP_CLAIM, Duty.DECIDE_CLAIM}),
}
"""Role -> what it can do for a claim that waits for the desk."""


class QueueRole(StrEnum):
    """Whose queue of claims: the roles of staff that act on them."""

    SUPPORT = "SUPPORT"
    """Claims that somebody of support can take up."""
    ADJUDICATOR = "ADJUDICATOR"
    """Claims that an adjudicator can decide."""


assert {Role[role.name] for role in QueueRole} == QUEUES.keys()


class ClaimAssignment(StrEnum):
    """Who of the desk has a claim that has not ended."""

    MINE = "MINE"
    """Whoever asks."""
    UNASSIGNED = "UNASSIGNED"
    """Nobody."""


@dataclass(frozen=True, slots=True)
class DeskTerms:
    """The numbers of the rule: a decision that gives more than `second_eyes_above` needs two adjudicators."""

    version: str
    second_eyes_above: Money


@dataclass(frozen=True, slots=True)
class DeskGiven:
    """An adjudicator decides a claim at `amount`; `conversion` is the day's rate where it is in another currency."""

    amount: Money
    conversion: Conversion | None = None


@dataclass(frozen=True, slots=True)
class DeskFound:
    """Whether a second adjudicator must confirm it."""

    second_eyes: bool


@dataclass(frozen=True, slots=True)
class DecideClaims:
    """The wish to decide those claims, or those of a saved filter, all alike.

    A dry run decides nothing: it tells what would happen, with the token under which exactly that happens.
    """

    claim_ids: tuple[ClaimId, ...]
    saved_filter_id: SavedFilterId | None
    outcome: ClaimOutcome
    note: str
    dry_run: bool
    token: str | None


class DecisionEffect(StrEnum):
    """What a bulk decision does to one claim."""

    DECIDED = "DECIDED"
    """It is decided."""
    PROPOSED = "PROPOSED"
    """The decision waits for a second adjudicator."""
    REFUSED = "REFUSED"
    """It stays as it is."""


def desk_terms(version: RuleVersion) -> DeskTerms:
    """The numbers of a version of the rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.DESK:
        raise TypeError(f"{version.key} is not the rule about the desk")
    return terms.of(DeskTerms, version)


def one_pair_of_eyes(rule: DeskTerms, amount: Money, conversion: Conversion | None = None) -> Finding:
    """Whether one adjudicator may decide that amount. One that cannot be compared needs two."""
    limit = rule.second_eyes_above
    inputs = {"amount": str(amount), "limit": str(limit)}
    if amount.currency != limit.currency:
        if conversion is None:
            told = {"currency": amount.currency, "limit": str(limit)}
            return Finding(SECOND_EYES, amount.minor == 0, "amount_comparable", told, rule.version)
        amount = money.convert(amount, limit.currency, conversion.rate)
    return Finding(SECOND_EYES, amount <= limit, "amount_within_one_pair_of_eyes", inputs, rule.version)


def reviewer(deciders: Collection[Id], actor_id: Id) -> Finding:
    """Whether that member or key may review an appeal against what those decided, proposed or confirmed."""
    return Finding("appeal.reviewer", actor_id not in deciders, "reviewer_is_not_decider")


def judge(rule: DeskTerms, given: DeskGiven) -> DeskFound:
    """What the rule's own cases are put to."""
    return DeskFound(second_eyes=not one_pair_of_eyes(rule, given.amount, given.conversion).holds)


# -- previews -----------------------------------------------------------------------------------------------------


def fingerprint(effect: Mapping[str, Any]) -> str:
    """A short digest of what a decision does to a claim, its version included.

    The tree is left out: it names the instant.
    """
    done = {name: value for name, value in effect.items() if name != "tree"}
    return hashlib.sha256(json.dumps(done, sort_keys=True).encode()).hexdigest()[:16]


def preview_text(actor_id: Id, outcome: ClaimOutcome, note: str, effects: Mapping[ClaimId, str]) -> str:
    """What a token of a preview vouches for, as text: who decides what, and what it does to which claim."""
    claims = sorted(effects.items())
    return json.dumps([actor_id, outcome.value, hashlib.sha256(note.encode()).hexdigest(), claims])


def token_of(text: str, seal: str) -> str:
    """The token: the effects with the tenant's seal over the whole text."""
    claims = json.loads(text)[3]
    return ".".join([seal, *(f"{id}:{effect}" for id, effect in claims)])


def effects_of(token: str) -> tuple[str, dict[ClaimId, str]]:
    """The seal and the effects of a token. Refuses with Invalid what is none."""
    seal, *parts = token.split(".")
    if not seal or not 0 < len(parts) <= CLAIMS_MAX or not all(part.count(":") == 1 for part in parts):
        raise Invalid(Problem(("previewToken",), "is not the token of a preview"))
    pairs = (part.split(":") for part in parts)
    return seal, {ClaimId(id): effect for id, effect in pairs}
