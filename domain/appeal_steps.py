"""The steps of an appeal, each a change of it (`domain/appeals.py` has the table and the laws)."""

from datetime import datetime

from domain import appeals, dates
from domain.appeals import (
    UPLOADS_MAX,
    Appeal,
    AppealEffect,
    AppealOutcome,
    AppealRound,
    AppealState,
    AppealTerms,
    Content,
    DraftAppeal,
    RespondToAppeal,
    Subject,
)
from domain.change import Change, Fact, Happening
from domain.copies import replace
from domain.dates import Calendar
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, unmet
from domain.ids import (
    AppealId,
    AppealRoundId,
    BuyerId,
    DecisionId,
    Id,
    PartyId,
    PointsEntryId,
    ProviderId,
    RuleVersionId,
    SupplierId,
    UploadId,
)


def draft_appeal(
    command: DraftAppeal,
    subject: Subject,
    party_id: PartyId,
    before: AppealId | None,
    *,
    rule_version_id: RuleVersionId,
    id: AppealId,
    at: datetime,
) -> Change[Appeal]:
    """A draft that nobody else sees. Refuses what cannot be appealed by that party now, and effects it has not.

    Urgently what the urgent channel is not for, too.
    """
    urgent = appeals.urgent_findings(subject) if command.urgent else ()
    if because := unmet((*appeals.appealable(subject, party_id, before, at), *urgent)):
        raise Refused("appeal.draft", "This cannot be appealed.", because)
    possible = appeals.effects_for(subject, party_id)
    sought = tuple(effect for effect in AppealEffect if effect in (command.sought or possible))
    foreign = [
        Finding("appeal.effects", effect in possible, "appeal_effect_possible", {"effect": effect.value})
        for effect in sought
    ]
    if because := unmet(foreign):
        raise Refused("appeal.effects", "That is no effect of what is appealed.", because)
    _check(command.content)
    appeal = Appeal(
        id=id,
        number=appeals.number(id),
        subject_kind=subject.kind,
        subject_id=subject.id,
        subject_key=subject.key,
        decision_id=subject.decision_id,
        order_id=subject.order_id,
        buyer_id=party_id if isinstance(party_id, BuyerId) else None,
        supplier_id=party_id if isinstance(party_id, SupplierId) else None,
        provider_id=party_id if isinstance(party_id, ProviderId) else None,
        state=AppealState.DRAFT,
        outcome=None,
        sought=sought,
        undone=(),
        suspended=(),
        grounds=command.content.grounds,
        root_cause=command.content.root_cause,
        correction=command.content.correction,
        prevention=command.content.prevention,
        upload_ids=command.content.upload_ids,
        first_decider=subject.decided_by,
        reviewer_id=None,
        note=None,
        rule_version_id=rule_version_id,
        final_decision_id=None,
        appealable_until=subject.until,
        drafted_at=at,
        filed_at=None,
        due_at=None,
        decide_by=None,
        last_at=None,
        overdue_at=None,
        updated_at=at,
        decided_at=None,
        ended_at=None,
        version=1,
        respondent_id=subject.respondent(party_id),
        urgent=command.urgent,
    )
    return Change(None, appeal, (_happening("appeal.drafted", appeal),))


def amend_appeal(appeal: Appeal, content: Content, at: datetime) -> Change[Appeal]:
    """The draft says something else."""
    _check(content)
    return _change(
        appeal,
        "appeal.amended",
        at,
        grounds=content.grounds,
        root_cause=content.root_cause,
        correction=content.correction,
        prevention=content.prevention,
        upload_ids=content.upload_ids,
    )


def file_appeal(
    appeal: Appeal,
    subject: Subject,
    before: AppealId | None,
    rule: AppealTerms,
    calendar: Calendar,
    suspended: tuple[PointsEntryId, ...],
    at: datetime,
) -> Change[Appeal]:
    """The appeal is handed in, and its clocks run. Refuses, with every reason, what cannot be appealed (any more)."""
    findings = (
        *appeals.appealable(subject, appeal.appellant_id, before, at),
        *appeals.content_findings(appeal.subject_kind, appeals.content_of(appeal)),
        *(appeals.urgent_findings(subject) if appeal.urgent else ()),
    )
    if because := unmet(findings):
        raise Refused("appeal.file", "The appeal cannot be filed.", because)
    by, last = appeals.decide_by(rule, at, calendar, urgent=appeal.urgent)
    return _change(
        appeal,
        "appeal.filed",
        at,
        state=AppealState.FILED,
        subject_key=subject.key,
        decision_id=subject.decision_id,
        first_decider=subject.decided_by,
        suspended=suspended,
        stays=appeal.urgent and subject.stays,
        filed_at=at,
        due_at=min(appeals.admit_by(rule, at, calendar, urgent=appeal.urgent), by),
        decide_by=by,
        last_at=last,
    )


def admit_appeal(appeal: Appeal, at: datetime) -> Change[Appeal]:
    """It is heard, and waits for a reviewer."""
    return _change(appeal, "appeal.admitted", at, state=AppealState.ADMISSIBLE, due_at=appeal.decide_by)


def dismiss_appeal(appeal: Appeal, note: str, at: datetime) -> Change[Appeal]:
    """It cannot be heard; over."""
    return _change(
        appeal,
        "appeal.dismissed",
        at,
        state=AppealState.INADMISSIBLE,
        note=note,
        stays=False,
        due_at=None,
        ended_at=at,
    )


def take_appeal(appeal: Appeal, by: Id, at: datetime) -> Change[Appeal]:
    """That person looks at it."""
    return _change(appeal, "appeal.taken", at, state=AppealState.UNDER_REVIEW, reviewer_id=by)


def request_information(
    appeal: Appeal, question: str, due_at: datetime, id: AppealRoundId, at: datetime
) -> Change[Appeal]:
    """The appellant is asked, and the platform's own time stands still."""
    asked = AppealRound(id, appeal.id, len(appeal.rounds) + 1, question, at, due_at)
    return _change(
        appeal,
        "appeal.information_requested",
        at,
        state=AppealState.INFO_REQUESTED,
        due_at=due_at,
        rounds=(*appeal.rounds, asked),
    )


def answer_request(appeal: Appeal, answer: str, upload_ids: tuple[UploadId, ...], at: datetime) -> Change[Appeal]:
    """The reviewer goes on, with the answer; every deadline of the platform is later by as long as it waited."""
    _check(Content(answer, upload_ids=upload_ids))
    answered = replace(appeal.rounds[-1], answer=answer, upload_ids=upload_ids, answered_at=at)
    return _back_to_review(appeal, answered, "appeal.answered", at)


def stay_silent(appeal: Appeal, at: datetime) -> Change[Appeal]:
    """The reviewer goes on without an answer; a measure that waited for the outcome waits no longer."""
    cooperates = replace(appeal, stays=False)
    silent = _back_to_review(cooperates, replace(appeal.rounds[-1], silent=True), "appeal.not_answered", at)
    return replace(silent, before=appeal)


def respond_to_appeal(appeal: Appeal, command: RespondToAppeal, at: datetime) -> Change[Appeal]:
    """What the other side of the decision thinks of it is before the reviewer."""
    _check(Content(command.statement, upload_ids=command.upload_ids))
    return _change(
        appeal,
        "appeal.responded",
        at,
        response=command.statement,
        response_upload_ids=command.upload_ids,
        responded_at=at,
    )


def become_overdue(appeal: Appeal, at: datetime) -> Change[Appeal]:
    """The platform's own time has passed; it has until the last instant."""
    return _change(appeal, "appeal.overdue", at, overdue_at=at, due_at=appeal.last_at)


def decide_appeal(
    appeal: Appeal, undone: tuple[AppealEffect, ...], note: str | None, decision_id: DecisionId, at: datetime
) -> Change[Appeal]:
    """It is decided which effects are undone. Refuses, naming each, effects that were not appealed."""
    foreign = [
        Finding("appeal.effects", effect in appeal.sought, "appeal_effect_sought", {"effect": effect.value})
        for effect in undone
    ]
    if because := unmet(foreign):
        raise Refused("appeal.effects", "That was not appealed.", because)
    outcome = appeals.outcome_of(appeal.sought, undone)
    return _change(
        appeal,
        f"appeal.{outcome.value.lower()}",
        at,
        state=DECIDED[outcome],
        outcome=outcome,
        undone=tuple(effect for effect in AppealEffect if effect in undone),
        note=note,
        final_decision_id=decision_id,
        stays=False,
        due_at=None,
        decided_at=at,
    )


DECIDED = {
    AppealOutcome.UPHELD: AppealState.UPHELD,
    AppealOutcome.OVERTURNED: AppealState.OVERTURNED,
    AppealOutcome.PARTLY: AppealState.PARTLY,
}
"""Outcome -> the state that is passed on the way to the end."""
assert DECIDED.keys() == set(AppealOutcome)


def become_final(appeal: Appeal, at: datetime) -> Change[Appeal]:
    """What was decided is done; over for good."""
    return _change(appeal, "appeal.final", at, state=AppealState.FINAL, ended_at=at)


def _back_to_review(appeal: Appeal, answered: AppealRound, name: str, at: datetime) -> Change[Appeal]:
    if appeal.decide_by is None or appeal.last_at is None:
        raise ValueError(f"{appeal.id} was never filed")
    waited = at - answered.asked_at
    by, last = appeal.decide_by + waited, appeal.last_at + waited
    return _change(
        appeal,
        name,
        at,
        state=AppealState.UNDER_REVIEW,
        decide_by=by,
        last_at=last,
        due_at=last if appeal.overdue_at is not None else by,
        rounds=(*appeal.rounds[:-1], answered),
    )


def _check(content: Content) -> None:
    if len(content.upload_ids) > UPLOADS_MAX or len(set(content.upload_ids)) < len(content.upload_ids):
        raise Invalid(Problem(("uploadIds",), f"At most {UPLOADS_MAX} files, each once."))


def _change(appeal: Appeal, name: str, at: datetime, **changed: object) -> Change[Appeal]:
    after = replace(appeal, updated_at=at, version=appeal.version + 1, **changed)  # type: ignore[arg-type]
    return Change(appeal, after, (_happening(name, after),))


def _happening(name: str, appeal: Appeal) -> Happening:
    facts: dict[str, Fact] = {
        "subjectKind": appeal.subject_kind.value,
        "subjectId": appeal.subject_id,
        "appellantId": appeal.appellant_id,
        "outcome": None if appeal.outcome is None else appeal.outcome.value,
    }
    if appeal.due_at is not None:
        facts["dueAt"] = dates.rfc3339(appeal.due_at)
    return Happening(name, facts)
