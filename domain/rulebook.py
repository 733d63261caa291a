"""Rules as data: versions with publication and effect, and which of them governs what (`domain.md` 6.1).

    DRAFT → PUBLISHED → EFFECTIVE → SUPERSEDED;  PUBLISHED → WITHDRAWN (only before it takes effect)

Laws: a version never changes but for its end; the versions of one key never overlap; a successor closes its predecessor
at its own `effective_from`; notice periods are themselves rules; a rule set is published only if its own example cases
pass. The version in force at payment governs the order, the version in force when a claim is opened its procedure.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from domain import dates, terms
from domain.change import Change, Fact, Happening
from domain.dates import Calendar
from domain.errors import Conflict, Invalid, Problem, Refused
from domain.explain import Finding, Input, unmet
from domain.ids import RuleVersionId
from domain.terms import Notice

SOURCE_CHARACTERS_MAX: Final = 100_000
"""The longest rule set that is read: well below the largest request, and thirty times the longest shipped one."""

KEY: Final = re.compile(r"[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)*")
SOURCE: Final = ("source",)
"""The GraphQL path of the text, to which problems are relative."""


class RuleKind(StrEnum):
    """What a rule set is about: which numbers it has and which judge its cases are put to (`domain/rule_kinds.py`)."""

    PUBLICATION = "PUBLICATION"
    """How much notice a new version needs."""
    ON_TIME = "ON_TIME"
    """A guarantee of on-time delivery."""
    AFTER_SALES = "AFTER_SALES"
    """A guarantee of after-sales service."""
    EASY_RETURN = "EASY_RETURN"
    """A guarantee of easy returns."""
    MONEY_BACK = "MONEY_BACK"
    """A guarantee of money back."""
    PRICE_LOCK = "PRICE_LOCK"
    """A guarantee of a locked price."""
    LOSS_DAMAGE = "LOSS_DAMAGE"
    """A guarantee against loss and damage on the way."""
    FAIR_DEALING = "FAIR_DEALING"
    """A guarantee of conduct by the marketplace's rules."""
    BUNDLE = "BUNDLE"
    """Several guarantees that are offered as one."""
    PROGRAMMES = "PROGRAMMES"
    """Who may stand for which guarantee, and how it leaves."""
    CLAIM_CLOCKS = "CLAIM_CLOCKS"
    """Who must act on a claim by when."""
    TIERS = "TIERS"
    """The levels of buyers."""
    TRACKING = "TRACKING"
    """When a shipment counts as stuck or lost, and how far carriers' clocks may differ."""
    CARRIER_CODES = "CARRIER_CODES"
    """What a carrier's own codes mean."""
    ONBOARDING = "ONBOARDING"
    """How a provider is admitted: deadlines, warnings, who decides, and which requirements there are."""
    REQUIREMENTS = "REQUIREMENTS"
    """What providers of one sort or country have to prove."""
    RELATIONS = "RELATIONS"
    """Which accounts count as one, and what follows."""
    PENALTIES = "PENALTIES"
    """Penalty points and what they bring."""
    COUNTERS = "COUNTERS"
    """What is counted of parties by month and quarter, and what that brings."""
    SCORECARDS = "SCORECARDS"
    """What parties are measured by, and where they stand."""
    LISTINGS = "LISTINGS"
    """What a listed service must not be."""
    EXITS = "EXITS"
    """How a provider leaves, and when it or its related accounts may come back."""
    RECORDS = "RECORDS"
    """How a provider's own record is measured."""
    MESSAGES = "MESSAGES"
    """What is written to the parties of a shipment."""
    SERVICE_POINTS = "SERVICE_POINTS"
    """Notice before a service point changes, and how often it is checked."""
    COLLECTION = "COLLECTION"
    """How what liable parties owe is collected."""
    CARRIAGE = "CARRIAGE"
    """What a carrier owes for goods, and until when it must be told."""
    QUOTES = "QUOTES"
    """How goods are weighed, and how long quotes stand."""
    MEMBERSHIPS = "MEMBERSHIPS"
    """What merchants pay for, and what that entitles them to."""
    PROTECTION = "PROTECTION"
    """How much of a chargeback is waived, and when."""
    CHARGEBACKS = "CHARGEBACKS"
    """How long everybody has in a chargeback."""
    APPEALS = "APPEALS"
    """Until when what can be appealed, and how long everybody has."""
    DESK = "DESK"
    """When one adjudicator is not enough."""
    EVIDENCE = "EVIDENCE"
    """What has to be proved in a claim, and what is recorded already."""
    RETURNS = "RETURNS"
    """By when goods go back, are taken in and are looked at."""
    INSPECTIONS = "INSPECTIONS"
    """Who inspects goods for both sides of a claim, and in which time."""
    REMEDIES = "REMEDIES"
    """By when remedies are done and confirmed, and how long a checkout holds a coupon."""
    GOODWILL = "GOODWILL"
    """What staff may give a buyer without a duty to."""


class RuleState(StrEnum):
    """Where a published version stands at an instant."""

    PUBLISHED = "PUBLISHED"
    """Announced, not yet in effect."""
    EFFECTIVE = "EFFECTIVE"
    """In effect."""
    SUPERSEDED = "SUPERSEDED"
    """A later version took its place."""
    WITHDRAWN = "WITHDRAWN"
    """Taken back before it took effect."""


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One immutable version of a rule. `effective_until` is exclusive; None means until it is superseded."""

    id: RuleVersionId
    key: str
    kind: RuleKind
    number: int
    title: str
    published_at: datetime
    effective_from: datetime
    effective_until: datetime | None
    withdrawn_at: datetime | None
    source: str
    body: Mapping[str, Any]
    digest: str
    published_by: str
    version: int

    def governs(self, at: datetime) -> bool:
        """Whether it is in force at `at`."""
        ended = self.effective_until is not None and self.effective_until <= at
        return self.withdrawn_at is None and self.effective_from <= at and not ended


@dataclass(frozen=True, slots=True)
class Case:
    """One of a rule set's own examples: with the `given` facts the rule must come to the `expect`ed members.

    `absent` names members that it must not come to, since TOML has no word for nothing.
    """

    name: str
    given: Mapping[str, Any]
    expect: Mapping[str, Any]
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A rule set as it was written: the members of its TOML file. `sources` says where each of `body` comes from.

    `published_at` and `effective_from` are what the text announces; an instant without offset is refused.
    """

    key: str
    kind: RuleKind
    title: str
    published_at: datetime
    effective_from: datetime
    body: Mapping[str, Any]
    sources: Mapping[str, str]
    case: tuple[Case, ...]

    def __post_init__(self) -> None:
        if not KEY.fullmatch(self.key):
            raise ValueError("a key is made of lower-case words and slashes, like guarantees/on_time")
        if self.effective_from < self.published_at:
            raise ValueError("a rule does not take effect before it is published")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What the rule made of one of its cases. `got` is what it came to, `problem` why it could not be judged."""

    name: str
    passes: bool
    expect: Mapping[str, Any]
    got: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule set, read to the last member and put to its own cases by `rule_kinds.check`: ready to be published."""

    rule_set: RuleSet
    source: str
    body: Mapping[str, Any]
    results: tuple[CaseResult, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.source.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PublicationTerms:
    """How much notice a new version needs, in local days of the marketplace between publication and effect."""

    version: str
    notice_days: Notice
    platform_to_business_notice_days: Notice
    platform_to_business_markets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublishRule:
    """The wish to publish a rule set: its TOML text."""

    source: str


@dataclass(frozen=True, slots=True)
class WithdrawRule:
    """The wish that a published version never takes effect."""

    rule_version_id: RuleVersionId


PUBLICATION: Final = "publication"
"""The key of the rule about notice."""


def publication_terms(version: RuleVersion) -> PublicationTerms:
    """The numbers of a version of the rule about notice. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.PUBLICATION:
        raise TypeError(f"{version.key} is not the rule about notice")
    return terms.of(PublicationTerms, version)


def parse(source: str) -> RuleSet:
    """The rule set that a TOML text spells. Raises Invalid with every problem.

    Refuses a member of the body without a source and a source without its member. The body's own members are read by
    its kind (`rule_kinds.check`).
    """
    if len(source) > SOURCE_CHARACTERS_MAX:
        raise Invalid(Problem(SOURCE, f"a rule set has at most {SOURCE_CHARACTERS_MAX} characters"))
    try:
        members = tomllib.loads(source, parse_float=Decimal)
    except (ValueError, RecursionError) as reason:
        raise Invalid(Problem(SOURCE, f"not TOML: {reason}")) from reason
    rule_set = terms.read(RuleSet, members, SOURCE)
    unsourced = [
        Problem((*SOURCE, "body", name), "no source") for name in rule_set.body.keys() - rule_set.sources.keys()
    ]
    bodiless = [
        Problem((*SOURCE, "sources", name), "no such member") for name in rule_set.sources.keys() - rule_set.body.keys()
    ]
    if unsourced or bodiless:
        raise Invalid(*sorted(unsourced + bodiless, key=lambda problem: problem.field))
    return rule_set


def in_force(versions: Iterable[RuleVersion], key: str, at: datetime) -> RuleVersion:
    """The version of `key` that governs at `at`. Refused when there is none."""
    for version in versions:
        if version.key == key and version.governs(at):
            return version
    because = Finding(
        "rulebook.in_force", holds=False, reason="rule_in_force", inputs={"key": key, "at": dates.rfc3339(at)}
    )
    raise Refused("rulebook.in_force", f"no version of {key} is in force at {dates.rfc3339(at)}", (because,))


def state(version: RuleVersion, at: datetime) -> RuleState:
    """Where the version stands at `at`."""
    if version.withdrawn_at is not None:
        return RuleState.WITHDRAWN
    if at < version.effective_from:
        return RuleState.PUBLISHED
    return RuleState.EFFECTIVE if version.governs(at) else RuleState.SUPERSEDED


def notice_days(terms_: PublicationTerms, market: str) -> int:
    """The days of notice that a marketplace at home in `market` gives its business users."""
    longer = market in terms_.platform_to_business_markets
    return terms_.platform_to_business_notice_days if longer else terms_.notice_days


def publish_rule(
    draft: Draft,
    versions: Sequence[RuleVersion],
    notice: PublicationTerms,
    calendar: Calendar,
    *,
    id: RuleVersionId,
    market: str,
    at: datetime,
    by: str,
) -> tuple[Change[RuleVersion], ...]:
    """The draft is published at `at` as the next version of its key; the version before it ends where it begins.

    `versions` are all versions of its key, `market` and `calendar` the marketplace's own. The changes are kept one
    after the other, so that ranges never overlap. Refuses failing cases (all of them), a date of publication that is
    not today, too short a notice, and a beginning not after that of every standing version; Conflict for a text that
    stands already.
    """
    rule_set = draft.rule_set
    standing = [version for version in versions if version.withdrawn_at is None]
    if any(version.digest == draft.digest for version in standing):
        raise Conflict(f"this text of {rule_set.key} is already published", field=SOURCE)
    reasons = unmet(
        [*map(_case_passes, draft.results), *_dates_stand(rule_set, standing, notice, market, calendar, at)]
    )
    if reasons:
        raise Refused("rulebook.publication", f"{rule_set.key} cannot be published like this", reasons)
    number = max((version.number for version in versions), default=0) + 1
    after = _version(draft, id=id, number=number, published_at=at, by=by)
    facts: dict[str, Fact] = {"key": after.key, "number": number, "effectiveFrom": dates.rfc3339(after.effective_from)}
    born = Change(None, after, (Happening("rule.published", facts),))
    last = max(standing, key=lambda version: version.effective_from, default=None)
    return (born,) if last is None else (_ended(last, after.effective_from), born)


def withdraw_rule(
    version: RuleVersion, versions: Sequence[RuleVersion], *, at: datetime
) -> tuple[Change[RuleVersion], ...]:
    """The version will never take effect; the one before it stands on. The changes are kept one after the other.

    Refuses what is withdrawn, what has taken effect, and what has a successor already (withdraw that one first).
    """
    inputs: dict[str, Input] = {"effectiveFrom": dates.rfc3339(version.effective_from), "at": dates.rfc3339(at)}
    reasons = unmet(
        (
            Finding("rulebook.withdrawal", version.withdrawn_at is None, "rule_stands", inputs),
            Finding("rulebook.withdrawal", at < version.effective_from, "rule_not_in_effect", inputs),
            Finding("rulebook.withdrawal", version.effective_until is None, "rule_without_successor", inputs),
        )
    )
    if reasons:
        raise Refused("rulebook.withdrawal", f"version {version.number} of {version.key} cannot be withdrawn", reasons)
    happened = Happening("rule.withdrawn", {"key": version.key, "number": version.number})
    withdrawn = Change(version, replace(version, withdrawn_at=at, version=version.version + 1), (happened,))
    before = [_ended(other, None) for other in versions if other.effective_until == version.effective_from]
    return (withdrawn, *before)


def adopt(drafts: Sequence[Draft], mint: Callable[[], RuleVersionId], by: str) -> tuple[Change[RuleVersion], ...]:
    """The drafts of one key as its whole history, each with its own dates and ended by the next.

    For the shipped rule sets of a new tenant: nobody was there to be given notice. Refuses failing cases.
    """
    failing = unmet(map(_case_passes, (result for draft in drafts for result in draft.results)))
    if failing:
        raise Refused("rulebook.publication", "a shipped rule set fails its own cases", failing)
    ordered = sorted(drafts, key=lambda draft: draft.rule_set.effective_from)
    ends = [draft.rule_set.effective_from for draft in ordered[1:]]
    return tuple(
        _adopted(_version(draft, id=mint(), number=number, published_at=draft.rule_set.published_at, by=by), until)
        for number, (draft, until) in enumerate(zip(ordered, [*ends, None], strict=True), start=1)
    )


def _adopted(version: RuleVersion, until: datetime | None) -> Change[RuleVersion]:
    facts: dict[str, Fact] = {"key": version.key, "number": version.number}
    return Change(None, replace(version, effective_until=until), (Happening("rule.adopted", facts),))


def _version(draft: Draft, *, id: RuleVersionId, number: int, published_at: datetime, by: str) -> RuleVersion:
    return RuleVersion(
        id=id,
        key=draft.rule_set.key,
        kind=draft.rule_set.kind,
        number=number,
        title=draft.rule_set.title,
        published_at=published_at,
        effective_from=draft.rule_set.effective_from,
        effective_until=None,
        withdrawn_at=None,
        source=draft.source,
        body=draft.body,
        digest=draft.digest,
        published_by=by,
        version=1,
    )


def _ended(version: RuleVersion, until: datetime | None) -> Change[RuleVersion]:
    after = replace(version, effective_until=until, version=version.version + 1)
    name = "rule.reinstated" if until is None else "rule.superseded"
    return Change(version, after, (Happening(name, {"key": version.key, "number": version.number}),))


def _case_passes(result: CaseResult) -> Finding:
    inputs: dict[str, Input] = {"case": result.name, "expected": _json(result.expect), "got": _json(result.got)}
    if result.problem is not None:
        inputs["problem"] = result.problem
    return Finding("rulebook.case", result.passes, "rule_case_passes", inputs)


def _json(members: Mapping[str, Any]) -> str:
    return json.dumps(members, sort_keys=True, ensure_ascii=False)


def renewed(source: str, standing: Sequence[RuleVersion], earliest: datetime, at: datetime) -> str:
    """The text, announced at `at` and in force as soon as notice and the versions that stand allow.

    Its own dates are replaced, and nothing else. Refuses (ValueError) a text without them.
    """
    begins = max([earliest, *(version.effective_from + dates.DAY for version in standing)])
    published, count = _PUBLISHED_AT.subn(f"published_at = {dates.rfc3339(at)}", source, count=1)
    dated, more = _EFFECTIVE_FROM.subn(f"effective_from = {dates.rfc3339(begins)}", published, count=1)
    if not count or not more:
        raise ValueError("a rule set says when it was announced and when it takes effect")
    return dated


def says_the_same(source: str, other: str) -> bool:
    """Whether the two texts differ in nothing but their own dates."""
    plain = (_EFFECTIVE_FROM.sub("", _PUBLISHED_AT.sub("", text, count=1), count=1) for text in (source, other))
    return next(plain) == next(plain)


_PUBLISHED_AT: Final = re.compile(r"^published_at = \S+$", re.MULTILINE)
_EFFECTIVE_FROM: Final = re.compile(r"^effective_from = \S+$", re.MULTILINE)


def earliest_effect(notice: PublicationTerms, market: str, calendar: Calendar, at: datetime) -> datetime:
    """The first instant at which what is published now can take effect in that market."""
    return dates.start_of_day_after(at, notice_days(notice, market), calendar)


def _dates_stand(
    rule_set: RuleSet,
    standing: Sequence[RuleVersion],
    notice: PublicationTerms,
    market: str,
    calendar: Calendar,
    at: datetime,
) -> tuple[Finding, ...]:
    today, announced = dates.local_day(at, calendar), dates.local_day(rule_set.published_at, calendar)
    needed = notice_days(notice, market)
    earliest = earliest_effect(notice, market, calendar, at)
    clash = [version for version in standing if version.effective_from >= rule_set.effective_from]
    effect = dates.rfc3339(rule_set.effective_from)
    return (
        Finding(
            "rulebook.date",
            announced == today,
            "rule_dated_today",
            {"announced": announced.isoformat(), "today": today.isoformat()},
        ),
        Finding(
            "rulebook.notice",
            earliest <= rule_set.effective_from,
            "rule_notice_given",
            {"days": needed, "effectiveFrom": effect, "earliest": dates.rfc3339(earliest), "market": market},
            version=notice.version,
        ),
        *(
            Finding(
                "rulebook.overlap",
                holds=False,
                reason="rule_begins_last",
                inputs={
                    "effectiveFrom": effect,
                    "other": version.number,
                    "begins": dates.rfc3339(version.effective_from),
                },
                version=version.id,
            )
            for version in clash
        ),
    )


# -- Showing a version


@dataclass(frozen=True, slots=True)
class RuleMember:
    """One member of a rule's body: its dotted name, its value, and where the value comes from."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """One member that differs from the version before; None where it is on one side only."""

    name: str
    before: str | None
    after: str | None


def members(version: RuleVersion) -> tuple[RuleMember, ...]:
    """Every number and word of the version, with its source."""
    sources = parse(version.source).sources
    return tuple(RuleMember(name, value, sources[name.split(".")[0]]) for name, value in _flat(version.body, ""))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[RuleDifference, ...]:
    """What changed from one body to the next, by dotted name."""
    olds, news = dict(_flat(before, "")), dict(_flat(after, ""))
    return tuple(
        RuleDifference(name, olds.get(name), news.get(name))
        for name in sorted(olds.keys() | news.keys())
        if olds.get(name) != news.get(name)
    )


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    """The leaves below `value` by dotted name; a list of plain values is one leaf."""
    inner: Iterable[tuple[object, object]] = ()
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, list) and any(isinstance(member, Mapping) for member in value):
        inner = enumerate(value)
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value))
    else:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)
    for name, member in inner:
        yield from _flat(member, f"{path}.{name}" if path else str(name))
