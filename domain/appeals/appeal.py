"""What an appeal is, who may take which step with it when, and what can be appealed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates
from domain.access import Caller, ViewerKind, may
from domain.appeals.terms import SUBJECTS, AppealEffect, AppealOutcome, SubjectKind
from domain.clocks import Duty
from domain.copies import replace
from domain.dates import rfc3339
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

UPLOADS_MAX: Final = 20
"""Files of one appeal or answer: as many as an evidence pack has."""


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


ENDED: Final = frozenset({AppealState.INADMISSIBLE, AppealState.FINAL})
"""States in which nothing is left to do."""

WITH_STAFF: Final = frozenset({AppealState.FILED, AppealState.ADMISSIBLE, AppealState.UNDER_REVIEW})
"""States in which the platform must act."""


RUNNING: Final = WITH_STAFF | {AppealState.INFO_REQUESTED}
"""States in which it was filed and nobody has decided."""


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
    RESPOND_TO_APPEAL = "RESPOND_TO_APPEAL"
    """respondToAppeal: the other side of the decision says what it thinks of it, once."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the lifecycle: from which states, and whether the appellant, staff, or the reviewer takes it.

    With `by_respondent` it is the other side's of the decision.
    """

    mutation: str
    since: frozenset[AppealState]
    to: frozenset[AppealState]
    by_appellant: bool = False
    by_reviewer: bool = False
    by_respondent: bool = False
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
    AppealAction.RESPOND_TO_APPEAL: Step("respondToAppeal", RUNNING, RUNNING, by_respondent=True),
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
    most. `overdue_at` is when `decide_by` passed. `respondent_id` is the other side of the decision, `response` what it
    said. `urgent` came by the channel for parties in good standing, and `stays`: its measure waits for the outcome.
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
    respondent_id: PartyId | None = None
    response: str | None = None
    response_upload_ids: tuple[UploadId, ...] = ()
    responded_at: datetime | None = None
    urgent: bool = False
    stays: bool = False
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
    """What can be appealed, as it stands: by whom, for which effects, until when, and what else must hold.

    `entries` are the points of each appellant that hang on it. `sides` are the two sides of what was decided between
    two; `decided_at` is when, where an appeal may have decided it. `urgent` are the conditions of the urgent channel,
    `stays` says that an urgent appeal keeps it from effect.
    """

    kind: SubjectKind
    id: Id
    key: str
    decision_id: DecisionId | None
    decided_by: str | None
    until: datetime
    appellants: Mapping[PartyId, frozenset[AppealEffect]]
    standing: tuple[Finding, ...]
    order_id: OrderId | None = None
    entries: Mapping[PartyId, tuple[PointsEntryId, ...]] = field(default_factory=dict)
    sides: tuple[PartyId, ...] = ()
    decided_at: datetime | None = None
    urgent: tuple[Finding, ...] = ()
    stays: bool = False

    def respondent(self, party_id: PartyId) -> PartyId | None:
        """The other side; None where nobody else is concerned, and for whoever is no side of it."""
        return next((side for side in self.sides if side != party_id), None) if party_id in self.sides else None


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
    """The wish to appeal. `sought` empty: everything that can be undone for the appellant.

    `urgent`: by the channel for parties in good standing.
    """

    subject_id: Id
    sought: tuple[AppealEffect, ...]
    content: Content
    urgent: bool = False


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
class RespondToAppeal:
    """The other side of the decision says what it thinks of the appeal."""

    appeal_id: AppealId
    statement: str
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


def urgent_findings(subject: Subject) -> tuple[Finding, ...]:
    """The conditions of an urgent appeal; for what the channel knows nothing of, the one that is not met."""
    kind = {"kind": subject.kind.value}
    return subject.urgent or (Finding("appeal.urgent.measure", False, "appeal_urgent_measure", kind),)


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
    """Nothing, if the caller is the appellant, the other side of the decision or of the marketplace.

    Raises:
        NotFound: for this caller there is no such appeal.
    """
    own = caller.party_id == appeal.appellant_id
    other = caller.party_id is not None and caller.party_id == appeal.respondent_id
    draft_of_another = appeal.state is AppealState.DRAFT and not own
    if draft_of_another or not (own or other or caller.viewer is ViewerKind.STAFF):
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
    if step.by_respondent:
        side = caller.party_id is not None and caller.party_id == appeal.respondent_id
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
    if step.by_respondent:
        findings.append(Finding("appeal.response", appeal.response is None, "appeal_answered_once"))
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
    if action is AppealAction.RESPOND_TO_APPEAL and appeal.state in RUNNING:
        return appeal.decide_by
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
