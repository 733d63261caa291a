"""Requirements: what a provider has to prove before it works here, as a matrix of conditions (`domain.md` 2.3, 6.2).

How it works. The rulebook holds sets of requirements (`RequirementSet`); `matrix` makes one of those in force.
`applicable` picks what a provider of that kind, home, markets, services, tier and volume has to meet. What it hands in
is a `RequirementItem` each (`domain/proofs.py`); a renewal is a new item beside the one that stands until then.
`standings` says how each requirement stands, what exactly is wrong, who acts next and until when; `missing` and
`unaccepted` are what submission and approval refuse by, and what queries show: one function, two readers.

    item:   SUBMITTED -> ACCEPTED | REJECTED          (nothing) -> WAIVED          any -> SUPERSEDED by the next
    status: MISSING SUBMITTED ACCEPTED REJECTED WAIVED EXPIRING EXPIRED NOT_APPLICABLE, derived, never stored

Laws: an item counts up to and including its `valid_until`; what was handed in never changes, only what was made of it;
where the rule wants four eyes, nobody gives both looks; a requirement gates what it names and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain import dates
from domain.dates import Calendar
from domain.explain import Finding, Input, unmet
from domain.gates import Gates
from domain.identifiers import IdentifierScheme
from domain.ids import ProviderId, RequirementItemId, RuleVersionId, UploadId
from domain.modes import ServiceMode
from domain.money import Money
from domain.providers import Offer, Provider, ProviderKind, ProviderTier, Trait
from domain.relations import RelationKind
from domain.terms import Count, Days, WorkingDays
from domain.uploads import UploadKind

PROCEDURE: Final = "onboarding"
"""The key of the rule about the procedure, which also names the sets of requirements."""

RULE: Final = "onboarding.requirement"
"""The rule of every finding about one requirement."""


class RequirementKind(StrEnum):
    """How a requirement is met."""

    DOCUMENT = "DOCUMENT"
    """A document, with the days from and until which it counts."""
    IDENTIFIER = "IDENTIFIER"
    """A number that an authority gave, checked by format and check digit."""
    DECLARATION = "DECLARATION"
    """A statement that the applicant answers for."""
    FIGURE = "FIGURE"
    """An amount or a number that reaches a threshold: a bond, an insurance, a deposit, years of experience."""
    REFERENCE = "REFERENCE"
    """Another requirement that was accepted."""
    INSPECTION = "INSPECTION"
    """The marketplace's own inspection."""


class Stage(StrEnum):
    """Up to when a requirement has to be met."""

    SUBMISSION = "SUBMISSION"
    """Handed in before the application, accepted before approval."""
    APPROVAL = "APPROVAL"
    """Accepted before approval, not needed to hand the application in."""
    ACTIVATION = "ACTIVATION"
    """Met before the approved provider begins to work."""


class RequirementStatus(StrEnum):
    """How a requirement stands for one provider at an instant."""

    MISSING = "MISSING"
    """Nothing was handed in."""
    SUBMITTED = "SUBMITTED"
    """Handed in; the desk looks at it."""
    ACCEPTED = "ACCEPTED"
    """Proven."""
    REJECTED = "REJECTED"
    """What was handed in does not do."""
    WAIVED = "WAIVED"
    """Somebody of the marketplace answers for it, until a day."""
    EXPIRING = "EXPIRING"
    """Still counts, and ends soon."""
    EXPIRED = "EXPIRED"
    """No longer counts."""
    NOT_APPLICABLE = "NOT_APPLICABLE"
    """Not asked of this provider."""


class ItemState(StrEnum):
    """What was made of something handed in."""

    SUBMITTED = "SUBMITTED"
    """Nothing yet."""
    ACCEPTED = "ACCEPTED"
    """It stands until its last instant."""
    REJECTED = "REJECTED"
    """It does not do, for the reason given."""
    WAIVED = "WAIVED"
    """Nothing was handed in: somebody of the marketplace answers for it."""
    SUPERSEDED = "SUPERSEDED"
    """Something else took its place."""


class Actor(StrEnum):
    """Who has to act next on a requirement."""

    APPLICANT = "APPLICANT"
    """The provider."""
    DESK = "DESK"
    """The marketplace."""
    NOBODY = "NOBODY"
    """Nothing is to be done."""


STANDING: Final = frozenset({ItemState.ACCEPTED, ItemState.WAIVED})
"""States in which an item counts, until its last instant."""
PENDING: Final = frozenset({ItemState.SUBMITTED, ItemState.REJECTED})
"""States of the newest thing handed in that does not count (yet)."""
MET: Final = frozenset(
    {
        RequirementStatus.ACCEPTED,
        RequirementStatus.WAIVED,
        RequirementStatus.EXPIRING,
        RequirementStatus.NOT_APPLICABLE,
    }
)
"""Statuses in which nothing is open."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Of whom a requirement is asked: everybody who fits all that it names; what it does not name does not matter.

    `markets` and `services` fit if the provider serves or offers one of them; `traits` it has to have, `traits_absent`
    it must not have; `volume_from` is the least monthly volume.
    """

    kinds: frozenset[ProviderKind] = frozenset()
    countries: frozenset[str] = frozenset()
    countries_except: frozenset[str] = frozenset()
    markets: frozenset[str] = frozenset()
    services: frozenset[ServiceMode] = frozenset()
    tiers: frozenset[ProviderTier] = frozenset()
    traits: frozenset[Trait] = frozenset()
    traits_absent: frozenset[Trait] = frozenset()
    volume_from: Count | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement, as a row of the rulebook; `source` says where it and its numbers come from.

    `dated`: the proof names its own last day. `validity_days`: it counts at most so long from its acceptance.
    `least`, `least_count`: the threshold of a figure; `deposit`: the figure is what the party has deposited.
    `refers_to`: the key of another requirement. `scan`: a figure or number needs a document beside it, `files`: of
    which kinds. `personal`: what is handed in is about a person. `tells`: by what its number shows that two accounts
    are one hand's. The warning days and grace are the procedure's unless it has its own.
    """

    key: str
    title: str
    kind: RequirementKind
    source: str
    when: Condition = field(default_factory=Condition)
    gates: Gates = field(default_factory=Gates)
    stage: Stage = Stage.SUBMISSION
    scheme: IdentifierScheme | None = None
    least: Money | None = None
    least_count: Count | None = None
    deposit: bool = False
    refers_to: str | None = None
    scan: bool = False
    files: frozenset[UploadKind] = frozenset()
    dated: bool = False
    validity_days: Days | None = None
    four_eyes: bool = False
    personal: bool = False
    tells: RelationKind | None = None
    warning_days: tuple[Days, ...] | None = None
    grace_days: Days | None = None
    grace_keeps: bool = True

    def __post_init__(self) -> None:
        kind = self.kind
        if (kind is RequirementKind.IDENTIFIER) != (self.scheme is not None):
            raise ValueError(f"{self.key}: a scheme belongs to an identifier, and to nothing else")
        if (kind is RequirementKind.FIGURE) != ((self.least is None) != (self.least_count is None)):
            raise ValueError(f"{self.key}: a figure has one threshold, and nothing else has any")
        if (kind is RequirementKind.REFERENCE) != (self.refers_to is not None):
            raise ValueError(f"{self.key}: a reference names the requirement it refers to, and nothing else does")
        if self.deposit and (self.least is None or self.stage is not Stage.ACTIVATION):
            raise ValueError(f"{self.key}: a deposit is an amount that is needed for activation")
        if self.tells is not None and self.scheme is None:
            raise ValueError(f"{self.key}: only a number tells whose account it is")
        if self.personal and kind not in {RequirementKind.IDENTIFIER, RequirementKind.DOCUMENT}:
            raise ValueError(f"{self.key}: only documents and numbers are about a person")

    @property
    def derived(self) -> bool:
        """Whether nothing is handed in for it: it follows from something else."""
        return self.deposit or self.kind is RequirementKind.REFERENCE

    @property
    def needs_upload(self) -> bool:
        """Whether a document belongs to what is handed in."""
        return self.kind is RequirementKind.DOCUMENT or self.scan


@dataclass(frozen=True, slots=True)
class OnboardingTerms:
    """The procedure: its timers, and which sets of requirements it puts to applicants.

    `approval_four_eyes`: kinds of providers that two people approve. `warning_days`, `grace_days`: for requirements
    that have none of their own.
    """

    version: str
    sets: tuple[str, ...]
    review_working_days: WorkingDays
    correction_days: Days
    warning_days: tuple[Days, ...]
    grace_days: Days
    approval_four_eyes: frozenset[ProviderKind]


@dataclass(frozen=True, slots=True)
class RequirementSet:
    """One set of requirements, for one sort of provider or one country."""

    version: str
    requirements: tuple[Requirement, ...]

    def __post_init__(self) -> None:
        keys = [requirement.key for requirement in self.requirements]
        if len(keys) != len(set(keys)):
            raise ValueError("a requirement stands twice in the set")


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What decides which requirements a provider has to meet."""

    kind: ProviderKind
    country: str
    markets: frozenset[str] = frozenset()
    services: frozenset[ServiceMode] = frozenset()
    tier: ProviderTier = ProviderTier.STANDARD
    monthly_volume: Count | None = None
    traits: frozenset[Trait] = frozenset()


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every requirement in force, the procedure, and which rule version each requirement is of."""

    procedure: OnboardingTerms
    requirements: tuple[Requirement, ...]
    versions: Mapping[str, str]

    def by_key(self, key: str) -> Requirement | None:
        """The requirement of that key, or None."""
        return next((requirement for requirement in self.requirements if requirement.key == key), None)


@dataclass(frozen=True, slots=True)
class RequirementItem:
    """What a provider handed in for one requirement, or the waiver that stands in for it."""

    id: RequirementItemId
    provider_id: ProviderId
    requirement: str
    state: ItemState
    personal: bool
    value: str | None
    declared: bool | None
    amount: Money | None
    quantity: int | None
    upload_id: UploadId | None
    note: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    submitted_by: str
    submitted_at: datetime
    endorsed_by: str | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    reason: str | None
    rule_version_id: RuleVersionId
    version: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How one requirement stands for one provider.

    `item` is what decides it, `pending` a renewal that waits for the desk beside it; `because` is everything that is
    wrong, `until` the last instant of the present status, where it has one.
    """

    requirement: Requirement
    status: RequirementStatus
    item: RequirementItem | None
    pending: RequirementItem | None
    because: tuple[Finding, ...]
    actor: Actor
    until: datetime | None


# -- which requirements ------------------------------------------------------------------------------------------------


def matrix(procedure: OnboardingTerms, sets: Iterable[RequirementSet]) -> Matrix:
    """The requirements of those sets with the procedure's warnings and grace where they have none of their own.

    A key that two sets have counts as the first one has it; a reference to a key that none has is never met.
    """
    requirements: list[Requirement] = []
    versions: dict[str, str] = {}
    for each in sets:
        for requirement in each.requirements:
            if requirement.key in versions:
                continue
            versions[requirement.key] = each.version
            requirements.append(
                replace(
                    requirement,
                    warning_days=procedure.warning_days
                    if requirement.warning_days is None
                    else requirement.warning_days,
                    grace_days=procedure.grace_days if requirement.grace_days is None else requirement.grace_days,
                )
            )
    return Matrix(procedure, tuple(requirements), versions)


def facts(provider: Provider) -> ProviderFacts:
    """What decides about the provider's requirements."""
    return ProviderFacts(
        kind=provider.kind,
        country=provider.country,
        markets=provider.served_markets,
        services=provider.services,
        tier=provider.tier,
        monthly_volume=None if provider.monthly_volume is None else Count(provider.monthly_volume),
        traits=provider.traits,
    )


def offered(offer: Offer, country: str) -> ProviderFacts:
    """What would decide about the requirements of a provider at home there with that offer."""
    volume = None if offer.monthly_volume is None else Count(offer.monthly_volume)
    return ProviderFacts(offer.kind, country, offer.served_markets, offer.services, offer.tier, volume, offer.traits)


def blank(of: Matrix, told: ProviderFacts, at: datetime) -> tuple[Standing, ...]:
    """What such a provider would be asked for if it began at `at`, with nothing handed in."""
    return tuple(_standing(of, requirement, (), {}, at, {}) for requirement in applicable(of.requirements, told))


def applies(requirement: Requirement, of: ProviderFacts) -> bool:
    """Whether the requirement is asked of such a provider."""
    when = requirement.when
    return (
        (not when.kinds or of.kind in when.kinds)
        and (not when.countries or of.country in when.countries)
        and of.country not in when.countries_except
        and (not when.markets or not when.markets.isdisjoint(of.markets))
        and (not when.services or not when.services.isdisjoint(of.services))
        and (not when.tiers or of.tier in when.tiers)
        and when.traits <= of.traits
        and when.traits_absent.isdisjoint(of.traits)
        and (when.volume_from is None or (of.monthly_volume or 0) >= when.volume_from)
    )


def applicable(requirements: Iterable[Requirement], of: ProviderFacts) -> tuple[Requirement, ...]:
    """The requirements that are asked of such a provider, in the order of the rulebook."""
    return tuple(requirement for requirement in requirements if applies(requirement, of))


# -- how they stand ----------------------------------------------------------------------------------------------------


def status_of(requirement: Requirement, item: RequirementItem | None, at: datetime) -> RequirementStatus:
    """How the requirement stands at `at` if the item decides it."""
    if item is None or item.state is ItemState.SUPERSEDED:
        return RequirementStatus.MISSING
    if item.state not in STANDING:
        return RequirementStatus(item.state.value)
    if item.valid_until is None:
        return RequirementStatus(item.state.value)
    if at > item.valid_until:
        return RequirementStatus.EXPIRED
    if at >= warned_from(requirement, item.valid_until):
        return RequirementStatus.EXPIRING
    return RequirementStatus(item.state.value)


def warned_from(requirement: Requirement, valid_until: datetime) -> datetime:
    """From when an item that ends then is called expiring: the first warning."""
    return valid_until - timedelta(days=max(requirement.warning_days or (Days(0),)))


def deciding(items: Iterable[RequirementItem], at: datetime) -> tuple[RequirementItem | None, RequirementItem | None]:
    """Of one requirement's items the one that decides, and the renewal beside it that waits for the desk.

    What stands decides as long as it lasts; then what was handed in last; and what has expired if there is nothing.
    """
    live = [item for item in items if item.state is not ItemState.SUPERSEDED]
    standing = next((item for item in live if item.state in STANDING), None)
    pending = next((item for item in live if item.state in PENDING), None)
    if standing is not None and (standing.valid_until is None or at <= standing.valid_until):
        return standing, pending
    return (pending or standing), None


def standings(
    of: Matrix,
    provider: Provider,
    items: Sequence[RequirementItem],
    at: datetime,
    *,
    held: Mapping[str, Money],
) -> tuple[Standing, ...]:
    """How every requirement of the provider stands at `at`, in the order of the rulebook.

    Requirements that are not asked of it are left out unless something was handed in for them. `held` is what it has
    deposited, by currency.
    """
    told = facts(provider)
    by_key: dict[str, list[RequirementItem]] = {}
    for item in items:
        by_key.setdefault(item.requirement, []).append(item)
    found: dict[str, Standing] = {}
    for requirement in sorted(of.requirements, key=lambda each: each.kind is RequirementKind.REFERENCE):
        own = by_key.get(requirement.key, [])
        if not applies(requirement, told):
            if own:
                decides = deciding(own, at)[0]
                found[requirement.key] = Standing(
                    requirement, RequirementStatus.NOT_APPLICABLE, decides, None, (), Actor.NOBODY, None
                )
        elif provider.vouched_by is not None:
            found[requirement.key] = Standing(requirement, RequirementStatus.WAIVED, None, None, (), Actor.NOBODY, None)
        else:
            found[requirement.key] = _standing(of, requirement, own, found, at, held)
    return tuple(found[each.key] for each in of.requirements if each.key in found)


def missing(of: Matrix, found: Iterable[Standing]) -> tuple[Finding, ...]:
    """What the applicant still has to hand in before its application, each with what is wrong with it."""
    return tuple(
        asked(of, standing)
        for standing in found
        if standing.requirement.stage is Stage.SUBMISSION
        and not standing.requirement.derived
        and standing.status not in MET
        and standing.actor is Actor.APPLICANT
    )


def unaccepted(of: Matrix, found: Iterable[Standing], *stages: Stage) -> tuple[Finding, ...]:
    """What is neither accepted nor waived of those stages, each with what is wrong with it."""
    return tuple(
        asked(of, standing) for standing in found if standing.requirement.stage in stages and standing.status not in MET
    )


APPROVING: Final = (Stage.SUBMISSION, Stage.APPROVAL)
"""The stages that approval waits for."""


def asked(of: Matrix, standing: Standing) -> Finding:
    """Whether the requirement is met, and what is wrong where it is not."""
    requirement = standing.requirement
    inputs: dict[str, Input] = {
        "requirement": requirement.key,
        "title": requirement.title,
        "status": standing.status.value,
    }
    met = standing.status in MET
    version = of.versions[requirement.key]
    return Finding(RULE, met, "requirement_met", inputs, version=version, because=standing.because)


def _standing(
    of: Matrix,
    requirement: Requirement,
    items: Sequence[RequirementItem],
    found: Mapping[str, Standing],
    at: datetime,
    held: Mapping[str, Money],
) -> Standing:
    item, pending = deciding(items, at)
    status = status_of(requirement, item, at)
    if requirement.derived and (item is None or status not in MET):
        return _derived(of, requirement, item, found, held)
    until = item.valid_until if item is not None and item.state in STANDING else None
    because = unmet(_conditions(of, requirement, item, status))
    if status is RequirementStatus.SUBMITTED or (pending is not None and pending.state is ItemState.SUBMITTED):
        actor = Actor.DESK
    elif status in {RequirementStatus.ACCEPTED, RequirementStatus.WAIVED}:
        actor = Actor.NOBODY
    elif requirement.kind is RequirementKind.INSPECTION:
        actor = Actor.DESK
    else:
        actor = Actor.APPLICANT
    return Standing(requirement, status, item, pending, because, actor, until)


def _conditions(
    of: Matrix, requirement: Requirement, item: RequirementItem | None, status: RequirementStatus
) -> tuple[Finding, ...]:
    """What is wrong with how it stands."""
    version = of.versions[requirement.key]
    if item is None or status is RequirementStatus.MISSING:
        return (Finding("onboarding.handed_in", False, "requirement_handed_in", version=version),)
    ended = "" if item.valid_until is None else dates.rfc3339(item.valid_until)
    return (
        Finding(
            "onboarding.reviewed",
            status is not RequirementStatus.SUBMITTED,
            "requirement_reviewed",
            {"submittedAt": dates.rfc3339(item.submitted_at), "endorsed": item.endorsed_by is not None},
        ),
        Finding(
            "onboarding.not_rejected",
            status is not RequirementStatus.REJECTED,
            "requirement_not_rejected",
            {"because": item.reason},
        ),
        Finding(
            "onboarding.unexpired",
            status is not RequirementStatus.EXPIRED,
            "requirement_unexpired",
            {"validUntil": ended},
            version=version,
            closes_at=ended or None,
        ),
    )


def _derived(
    of: Matrix,
    requirement: Requirement,
    item: RequirementItem | None,
    found: Mapping[str, Standing],
    held: Mapping[str, Money],
) -> Standing:
    """A requirement for which nothing is handed in: it follows from another, or from what was deposited."""
    version = of.versions[requirement.key]
    if requirement.least is not None:
        currency = requirement.least.currency
        has = held.get(currency, Money.zero(currency))
        inputs: dict[str, Input] = {
            "heldMinor": has.minor,
            "leastMinor": requirement.least.minor,
            "currency": currency,
        }
        finding = Finding("onboarding.deposit", has >= requirement.least, "deposit_held", inputs, version=version)
        actor, until = Actor.APPLICANT, None
    else:
        other = found.get(str(requirement.refers_to))
        holds = other is not None and other.status in MET
        finding = Finding(
            "onboarding.reference",
            holds,
            "referred_requirement_accepted",
            {"requirement": requirement.refers_to},
            version=version,
        )
        actor = Actor.APPLICANT if other is None else other.actor
        until = None if other is None else other.until
    if finding.holds:
        return Standing(requirement, RequirementStatus.ACCEPTED, item, None, (), Actor.NOBODY, until)
    return Standing(requirement, RequirementStatus.MISSING, item, None, (finding,), actor, None)


# -- deadlines ------------------------------------------------------------------------------------------------------


def review_due_at(rule: OnboardingTerms, at: datetime, calendar: Calendar) -> datetime:
    """Until when the desk has to review what was handed in at `at`."""
    return dates.working_day_deadline(at, rule.review_working_days, calendar)


def correction_due_at(rule: OnboardingTerms, at: datetime, calendar: Calendar) -> datetime:
    """Until when the applicant has to correct what the desk asked for at `at`."""
    return dates.day_deadline(at, rule.correction_days, calendar)
