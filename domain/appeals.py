"""Appeals: whoever a decision or measure is against may ask for a second look, once (`domain.md` 6.10, B19).

Theory of operation (one row of `MOVES` per action):

    DRAFT -file (appellant)-> FILED -admit (staff, or their silence)-> ADMISSIBLE;  -dismiss (staff)-> INADMISSIBLE
    ADMISSIBLE -take (staff)-> UNDER_REVIEW -ask (reviewer)-> INFO_REQUESTED -answer, or silence-> UNDER_REVIEW
    UNDER_REVIEW -decide (reviewer), or the platform's silence-> UPHELD | OVERTURNED | PARTLY -> FINAL

What can be appealed is a table of subject kinds (`SUBJECTS`): each has its effects, and each effect is undone by itself
through the noun that brought it about; what is not undone stays as it was. Points are suspended while they are
appealed, except for fraud (`domain/points.py`).

Laws: a decision is appealed at most once; the reviewer is never who decided first; every deadline is fixed when its
clock starts, and later by exactly as long as the appellant was asked; what an appeal changed is explained effect by
effect, and an appeal that is final is never opened again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, terms
from domain.access import Caller, ViewerKind, may
from domain.clocks import Duty
from domain.dates import Calendar, rfc3339
from domain.errors import NotFound
from domain.explain import Finding, Input, unmet
from domain.ids import (
    AppealId,
    AppealRoundId,
    BuyerId,
    DecisionId,
    Id,
    OrderId,
    PartyId,
    PointsEntryId,
    ProviderId,
    RuleVersionId,
    SupplierId,
    UploadId,
)
from domain.moves import Move, require
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Count, Days, Hours, WorkingDays

RULE: Final = "appeals"
"""The key of the rule about appeals."""

UPLOADS_MAX: Final = 20
"""Files of one appeal or answer: as many as an evidence pack has."""


class SubjectKind(StrEnum):
    """What can be appealed."""

    CLAIM_DECISION = "CLAIM_DECISION"
    """The decision of a claim: by the buyer that was denied, or the party that was found liable."""
    POINTS = "POINTS"
    """Penalty points, by the party that has them."""
    RESTRICTION = "RESTRICTION"
    """A measure against an account, or a restriction by the desk, by the party it is against."""
    ONBOARDING_REJECTION = "ONBOARDING_REJECTION"
    """That a provider was not admitted, by the provider."""
    COUPON_REVOCATION = "COUPON_REVOCATION"
    """That a coupon was revoked, by its buyer."""


class AppealEffect(StrEnum):
    """What a decision or measure brought about, each undone by itself."""

    MONEY = "MONEY"
    """Who pays whom."""
    POINTS = "POINTS"
    """Penalty points, and the measures that rest on them."""
    METRIC = "METRIC"
    """That it counts in the party's scorecard."""
    RESTRICTION = "RESTRICTION"
    """What the party may not do, or was not let in to."""


@dataclass(frozen=True, slots=True)
class SubjectRule:
    """What a kind of subject brings about, and whether the appellant must say how it will do better.

    `account` subjects are about a party's conduct: their appeal names root cause, correction and prevention.
    """

    effects: frozenset[AppealEffect]
    account: bool = False


SUBJECTS: Final[Mapping[SubjectKind, SubjectRule]] = {
    SubjectKind.CLAIM_DECISION: SubjectRule(frozenset({AppealEffect.MONEY, AppealEffect.POINTS, AppealEffect.METRIC})),
    SubjectKind.POINTS: SubjectRule(frozenset({AppealEffect.POINTS}), account=True),
    SubjectKind.RESTRICTION: SubjectRule(frozenset({AppealEffect.RESTRICTION}), account=True),
    SubjectKind.ONBOARDING_REJECTION: SubjectRule(frozenset({AppealEffect.RESTRICTION})),
    SubjectKind.COUPON_REVOCATION: SubjectRule(frozenset({AppealEffect.MONEY})),
}
"""The kinds of subjects. Total."""
assert SUBJECTS.keys() == set(SubjectKind)


class AppealState(StrEnum):
    """Where an appeal stands."""

    DRAFT = "DRAFT"
    """The appellant writes it; nobody has seen it."""
    FILED = "FILED"
    """Staff must say whether it can be heard."""
    INADMISSIBLE = "INADMISSIBLE"
    """It cannot be heard; over."""
    ADMISSIBLE = "ADMISSIBLE"
    """It waits for a reviewer."""
    UNDER_REVIEW = "UNDER_REVIEW"
    """Somebody who did not decide first looks at it."""
    INFO_REQUESTED = "INFO_REQUESTED"
    """The appellant was asked something."""
    UPHELD = "UPHELD"
    """The decision stands."""
    OVERTURNED = "OVERTURNED"
    """Everything that was appealed is undone."""
    PARTLY = "PARTLY"
    """Some of it is undone."""
    FINAL = "FINAL"
    """Done, and over for good; its outcome says how."""


class AppealOutcome(StrEnum):
    """What came of an appeal."""

    UPHELD = "UPHELD"
    """The decision stands."""
    OVERTURNED = "OVERTURNED"
    """Everything that was appealed is undone."""
    PARTLY = "PARTLY"
    """Some of it is undone."""


ENDED: Final = frozenset({AppealState.INADMISSIBLE, AppealState.FINAL})
"""States in which nothing is left to do."""

WITH_STAFF: Final = frozenset({AppealState.FILED, AppealState.ADMISSIBLE, AppealState.UNDER_REVIEW})
"""States in which the platform must act."""


class AppealAction(StrEnum):
    """What can be done with an appeal; the value is the mutation's name in capitals."""

    AMEND_APPEAL = "AMEND_APPEAL"
    """amendAppeal: change the draft."""
    FILE_APPEAL = "FILE_APPEAL"
    """fileAppeal: hand it in."""
    ADMIT_APPEAL = "ADMIT_APPEAL"
    """admitAppeal: it is heard."""
    DISMISS_APPEAL = "DISMISS_APPEAL"
    """dismissAppeal: it cannot be heard."""
    TAKE_APPEAL = "TAKE_APPEAL"
    """takeAppeal: look at it, or take it over."""
    REQUEST_APPEAL_INFORMATION = "REQUEST_APPEAL_INFORMATION"
    """requestAppealInformation: ask the appellant."""
    ANSWER_APPEAL_REQUEST = "ANSWER_APPEAL_REQUEST"
    """answerAppealRequest: the appellant answers."""
    DECIDE_APPEAL = "DECIDE_APPEAL"
    """decideAppeal: say which effects are undone."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the lifecycle: from which states, and whether the appellant, staff, or the reviewer takes it."""

    mutation: str
    since: frozenset[AppealState]
    to: frozenset[AppealState]
    by_appellant: bool = False
    by_reviewer: bool = False
    first_barred: bool = False
    """Never by who decided first."""


MOVES: Final[Mapping[AppealAction, Step]] = {
    AppealAction.AMEND_APPEAL: Step(
        "amendAppeal", frozenset({AppealState.DRAFT}), frozenset({AppealState.DRAFT}), by_appellant=True
    ),
    AppealAction.FILE_APPEAL: Step(
        "fileAppeal", frozenset({AppealState.DRAFT}), frozenset({AppealState.FILED}), by_appellant=True
    ),
    AppealAction.ADMIT_APPEAL: Step(
        "admitAppeal", frozenset({AppealState.FILED}), frozenset({AppealState.ADMISSIBLE}), first_barred=True
    ),
    AppealAction.DISMISS_APPEAL: Step(
        "dismissAppeal", frozenset({AppealState.FILED}), frozenset({AppealState.INADMISSIBLE}), first_barred=True
    ),
    AppealAction.TAKE_APPEAL: Step(
        "takeAppeal",
        frozenset({AppealState.ADMISSIBLE, AppealState.UNDER_REVIEW}),
        frozenset({AppealState.UNDER_REVIEW}),
        first_barred=True,
    ),
    AppealAction.REQUEST_APPEAL_INFORMATION: Step(
        "requestAppealInformation",
        frozenset({AppealState.UNDER_REVIEW}),
        frozenset({AppealState.INFO_REQUESTED}),
        by_reviewer=True,
    ),
    AppealAction.ANSWER_APPEAL_REQUEST: Step(
        "answerAppealRequest",
        frozenset({AppealState.INFO_REQUESTED}),
        frozenset({AppealState.UNDER_REVIEW}),
        by_appellant=True,
    ),
    AppealAction.DECIDE_APPEAL: Step(
        "decideAppeal",
        frozenset({AppealState.UNDER_REVIEW}),
        frozenset({AppealState.FINAL}),
        by_reviewer=True,
        first_barred=True,
    ),
}
"""The life of an appeal as a table, as far as people move it."""
assert MOVES.keys() == set(AppealAction)

WORK_TO_DO: Final[Mapping[AppealState, Duty]] = {
    AppealState.FILED: Duty.ADMIT_APPEAL,
    AppealState.ADMISSIBLE: Duty.DECIDE_APPEAL,
    AppealState.UNDER_REVIEW: Duty.DECIDE_APPEAL,
    AppealState.INFO_REQUESTED: Duty.ANSWER_APPEAL,
}
"""The duty that runs while an appeal is in the state."""


@dataclass(frozen=True, slots=True)
class AppealTerms:
    """Everybody's time, by kind of subject where it differs.

    `filing_days` counts where the noun that decided has no date of its own. The platform decides in
    `decide_working_days`, and `silence` says what stands when `decide_days_max` have passed. Refuses with ValueError
    kinds that are left out.
    """

    version: str
    filing_days: Mapping[SubjectKind, Days]
    admit_working_days: WorkingDays
    answer_hours: Hours
    rounds: Count
    decide_working_days: WorkingDays
    decide_days_max: Days
    silence: Mapping[SubjectKind, AppealOutcome]

    def __post_init__(self) -> None:
        for members in (self.filing_days, self.silence):
            if missing := sorted(set(SubjectKind) - members.keys()):
                raise ValueError(f"every kind of subject has its row; none is given for {', '.join(missing)}")
        if AppealOutcome.PARTLY in self.silence.values():
            raise ValueError("silence upholds or overturns: nobody says which part")


@dataclass(frozen=True, slots=True)
class AppealRound:
    """A question to the appellant; `answered_at` is None while it is open, and for good where it was silent."""

    id: AppealRoundId
    appeal_id: AppealId
    number: int
    question: str
    asked_at: datetime
    due_at: datetime
    answer: str | None = None
    upload_ids: tuple[UploadId, ...] = ()
    answered_at: datetime | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal. The appellant is the buyer, the supplier or the provider.

    `subject_key` is the decision or thing that can be appealed once, `first_decider` who decided it. `sought` is what
    the appellant wants undone, `undone` what was. `suspended` are the points entries that wait for the outcome.
    `due_at` is until when whoever must act has time, `decide_by` until when the platform has, `last_at` until when at
    most. `overdue_at` is when `decide_by` passed.
    """

    id: AppealId
    number: str
    subject_kind: SubjectKind
    subject_id: Id
    subject_key: str
    decision_id: DecisionId | None
    order_id: OrderId | None
    buyer_id: BuyerId | None
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    state: AppealState
    outcome: AppealOutcome | None
    sought: tuple[AppealEffect, ...]
    undone: tuple[AppealEffect, ...]
    suspended: tuple[PointsEntryId, ...]
    grounds: str
    root_cause: str | None
    correction: str | None
    prevention: str | None
    upload_ids: tuple[UploadId, ...]
    first_decider: str | None
    reviewer_id: Id | None
    note: str | None
    rule_version_id: RuleVersionId
    final_decision_id: DecisionId | None
    appealable_until: datetime
    drafted_at: datetime
    filed_at: datetime | None
    due_at: datetime | None
    decide_by: datetime | None
    last_at: datetime | None
    overdue_at: datetime | None
    updated_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None
    version: int
    rounds: tuple[AppealRound, ...] = ()

    @property
    def appellant_id(self) -> PartyId:
        """Who appeals."""
        party = self.buyer_id or self.supplier_id or self.provider_id
        if party is None:
            raise ValueError(f"{self.id} has no appellant")
        return party


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be appealed, as it stands: by whom, for which effects, until when, and what else must hold."""

    kind: SubjectKind
    id: Id
    key: str
    decision_id: DecisionId | None
    decided_by: str | None
    until: datetime
    appellants: Mapping[PartyId, frozenset[AppealEffect]]
    standing: tuple[Finding, ...]
    order_id: OrderId | None = None
    entries: tuple[PointsEntryId, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """What an appeal says."""

    grounds: str
    root_cause: str | None = None
    correction: str | None = None
    prevention: str | None = None
    upload_ids: tuple[UploadId, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftAppeal:
    """The wish to appeal. `sought` empty: everything that can be undone for the appellant."""

    subject_id: Id
    sought: tuple[AppealEffect, ...]
    content: Content


@dataclass(frozen=True, slots=True)
class AmendAppeal:
    """The draft shall say something else."""

    appeal_id: AppealId
    content: Content


@dataclass(frozen=True, slots=True)
class StepAppeal:
    """A step that needs at most a word."""

    appeal_id: AppealId
    note: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerAppealRequest:
    """The appellant answers what it was asked."""

    appeal_id: AppealId
    answer: str
    upload_ids: tuple[UploadId, ...]


@dataclass(frozen=True, slots=True)
class DecideAppeal:
    """The reviewer says which effects are undone. `buyer_keeps`: what reached a buyer by a claim stays with it."""

    appeal_id: AppealId
    undone: tuple[AppealEffect, ...]
    note: str
    buyer_keeps: bool = True


def number(id: AppealId) -> str:
    """What people say on the telephone: the id's last ten characters in two groups."""
    return f"A-{id[-10:-5]}-{id[-5:]}".upper()


def appeal_terms(version: RuleVersion) -> AppealTerms:
    """The numbers of a version of the rule about appeals. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.APPEALS:
        raise TypeError(f"{version.key} is not the rule about appeals")
    return terms.read(AppealTerms, {"version": str(version.id), **version.body})


def filing_until(rule: AppealTerms, kind: SubjectKind, decided_at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which what was decided then can be appealed."""
    return dates.day_deadline(decided_at, rule.filing_days[kind], calendar)


def admit_by(rule: AppealTerms, filed_at: datetime, calendar: Calendar) -> datetime:
    """Until when staff say whether it can be heard."""
    return dates.working_day_deadline(filed_at, rule.admit_working_days, calendar)


def decide_by(rule: AppealTerms, filed_at: datetime, calendar: Calendar) -> tuple[datetime, datetime]:
    """Until when the platform decides, and until when at most."""
    last = dates.day_deadline(filed_at, rule.decide_days_max, calendar)
    return min(dates.working_day_deadline(filed_at, rule.decide_working_days, calendar), last), last


def effects_for(subject: Subject, party_id: PartyId | None) -> frozenset[AppealEffect]:
    """What can be undone for that party; nothing for whom it is not against."""
    return frozenset() if party_id is None else subject.appellants.get(party_id, frozenset())


def appealable(
    subject: Subject, party_id: PartyId | None, before: AppealId | None, at: datetime
) -> tuple[Finding, ...]:
    """Every condition for that party's appeal: what the query shows, and what drafting and filing refuse by."""
    until = rfc3339(subject.until)
    inputs: dict[str, Input] = {"until": until, "at": rfc3339(at)}
    return (
        Finding("appeal.party", bool(effects_for(subject, party_id)), "appeal_of_concerned_party"),
        *subject.standing,
        Finding("appeal.once", before is None, "appeal_once_per_decision", {"appealId": before}),
        Finding("appeal.in_time", dates.in_time(at, subject.until), "appeal_in_time", inputs, closes_at=until),
    )


def content_findings(kind: SubjectKind, content: Content) -> tuple[Finding, ...]:
    """Whether the appeal says what it must: for what is about conduct also how the party will do better."""
    parts: dict[str, str | None] = {"grounds": content.grounds}
    if SUBJECTS[kind].account:
        parts |= {
            "rootCause": content.root_cause,
            "correction": content.correction,
            "prevention": content.prevention,
        }
    return tuple(
        Finding("appeal.content", bool(text and text.strip()), "appeal_says_what_it_must", {"part": part})
        for part, text in parts.items()
    )


def content_of(appeal: Appeal) -> Content:
    """What the appeal says now."""
    return Content(appeal.grounds, appeal.root_cause, appeal.correction, appeal.prevention, appeal.upload_ids)


def require_concerned(appeal: Appeal, caller: Caller) -> None:
    """Nothing, if the caller is the appellant or of the marketplace.

    Raises:
        NotFound: for this caller there is no such appeal.
    """
    own = caller.party_id == appeal.appellant_id
    draft_of_another = appeal.state is AppealState.DRAFT and not own
    if draft_of_another or not (own or caller.viewer is ViewerKind.STAFF):
        raise NotFound("There is no such appeal.", field=("appealId",))


def moves(appeal: Appeal, caller: Caller, at: datetime, rounds_max: int | None = None) -> tuple[Move, ...]:
    """Every action on the appeal for that caller at `at`, each with all that stands in its way.

    `rounds_max` is how often the appellant may be asked, by the appeal's own rule; it matters to asking alone.
    """
    return tuple(_move(appeal, action, caller, at, rounds_max) for action in MOVES)


def require_move(
    appeal: Appeal, action: AppealAction, caller: Caller, at: datetime, rounds_max: int | None = None
) -> None:
    """Nothing, if the caller may do it now. Refuses with all reasons."""
    require(moves(appeal, caller, at, rounds_max), action.value, f"appeal.{action.value.lower()}")


def _move(appeal: Appeal, action: AppealAction, caller: Caller, at: datetime, rounds_max: int | None) -> Move:
    step = MOVES[action]
    own = caller.party_id == appeal.appellant_id
    side = own if step.by_appellant else caller.viewer is ViewerKind.STAFF
    findings = [
        Finding("appeal.role", side and may(caller, step.mutation), "appeal_action_of_your_side"),
        Finding("appeal.state", appeal.state in step.since, "appeal_state_allows", {"state": appeal.state.value}),
    ]
    if step.first_barred:
        findings.append(
            Finding("appeal.reviewer", str(caller.actor_id) != appeal.first_decider, "appeal_not_by_first_decider")
        )
    if step.by_reviewer:
        mine = appeal.reviewer_id is None or appeal.reviewer_id == caller.actor_id
        findings.append(Finding("appeal.taken", mine, "appeal_taken_by_you"))
    if action is AppealAction.REQUEST_APPEAL_INFORMATION and rounds_max is not None:
        asked: dict[str, Input] = {"rounds": len(appeal.rounds), "most": rounds_max}
        findings.append(Finding("appeal.rounds", len(appeal.rounds) < rounds_max, "appeal_rounds_left", asked))
    closes_at = _closes_at(appeal, action)
    if closes_at is not None:
        until = rfc3339(closes_at)
        inputs: dict[str, Input] = {"until": until, "at": rfc3339(at)}
        findings.append(
            Finding("appeal.in_time", dates.in_time(at, closes_at), "appeal_in_time", inputs, closes_at=until)
        )
    return Move(action.value, unmet(findings), closes_at=closes_at)


def _closes_at(appeal: Appeal, action: AppealAction) -> datetime | None:
    """When time ends the action; None where it does not."""
    if action is AppealAction.FILE_APPEAL and appeal.state is AppealState.DRAFT:
        return appeal.appealable_until
    if action is AppealAction.ANSWER_APPEAL_REQUEST and appeal.state is AppealState.INFO_REQUESTED:
        return appeal.due_at
    return None


def outcome_of(sought: tuple[AppealEffect, ...], undone: tuple[AppealEffect, ...]) -> AppealOutcome:
    """What it is called when those of the effects that were sought are undone."""
    if not undone:
        return AppealOutcome.UPHELD
    return AppealOutcome.OVERTURNED if set(undone) >= set(sought) else AppealOutcome.PARTLY


def explained(appeal: Appeal, undone: tuple[AppealEffect, ...], *, by_silence: bool) -> Finding:
    """The tree of an appeal's decision: effect by effect, whether it is undone, and what the decision rests on."""
    effects = tuple(
        Finding("appeal.effect", effect in undone, "appeal_effect_undone", {"effect": effect.value})
        for effect in appeal.sought
    )
    occasion = Finding(
        "appeal.decided",
        not by_silence,
        "appeal_decided_by_reviewer",
        {"rounds": len(appeal.rounds), "lastAt": None if appeal.last_at is None else rfc3339(appeal.last_at)},
        version=appeal.rule_version_id,
    )
    tree = Finding("appeal.decision", bool(undone), "appeal_changes_decision", because=(*effects, occasion))
    return replace(tree, inputs={"outcome": outcome_of(appeal.sought, undone).value})


# -- the rule's own cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AppealGiven:
    """Something of that kind was decided at one instant and appealed at another."""

    kind: SubjectKind
    decided_at: datetime
    filed_at: datetime
    calendar: Calendar = dates.UTC_DAYS


@dataclass(frozen=True, slots=True)
class AppealFound:
    """The deadlines that follow, whether the appeal is in time, and what silence means."""

    until: datetime
    in_time: bool
    admit_by: datetime
    decide_by: datetime
    last_at: datetime
    silence: AppealOutcome


def judge(rule: AppealTerms, given: AppealGiven) -> AppealFound:
    """Everybody's deadlines."""
    until = filing_until(rule, given.kind, given.decided_at, given.calendar)
    by, last = decide_by(rule, given.filed_at, given.calendar)
    return AppealFound(
        until,
        dates.in_time(given.filed_at, until),
        admit_by(rule, given.filed_at, given.calendar),
        by,
        last,
        rule.silence[given.kind],
    )
