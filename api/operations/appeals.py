"""Appeals: drafted, filed, admitted, looked at, asked about, decided; and what silence brings.

Locks: what the appeal is about first (`appeal_effects.lock_subject`), then the appeal, then points and money.
"""

from typing import Final

from api.operations import appeal_effects, points
from api.operations.appeal_effects import Undoing
from api.operations.duties import end_duties, start_duty
from domain import access, appeal_steps, appeals
from domain.appeals import (
    MOVES,
    WORK_TO_DO,
    AmendAppeal,
    AnswerAppealRequest,
    Appeal,
    AppealAction,
    AppealEffect,
    AppealOutcome,
    AppealState,
    AppealTerms,
    DecideAppeal,
    DraftAppeal,
    RespondToAppeal,
    StepAppeal,
    Subject,
)
from domain.change import Change
from domain.clocks import Clock
from domain.dates import Calendar
from domain.decisions import DecisionKind, decision
from domain.errors import Forbidden, NotFound, Refused
from domain.explain import Finding, unmet
from domain.ids import AppealId, AppealRoundId, DecisionId, Id, PartyId, RuleVersionId, UploadId
from domain.uploads import UploadKind, UploadState
from storage import appeals as appeal_rows
from storage import calendars as calendar_rows
from storage import evidence_packs as file_rows
from storage import rulebook
from storage.unit_of_work import Outcome, Work

SILENT: Final = "Nobody decided in time."


async def draft_appeal(work: Work, command: DraftAppeal) -> Outcome:
    """A draft that nobody else sees. Refuses, with every reason, what the caller cannot appeal now.

    Raises:
        NotFound: there is no such thing, or it is not against the caller.
    """
    access.require(work.caller, "draftAppeal")
    party_id = _party(work)
    rule = await _rule_in_force(work)
    subject = await _subject(work, command.subject_id, rule)
    if not appeals.effects_for(subject, party_id):
        raise NotFound("There is nothing with that id that you can appeal.", field=("subjectId",))
    await _require_own_files(work, command.content.upload_ids)
    change = appeal_steps.draft_appeal(
        command,
        subject,
        party_id,
        await appeal_rows.find_filed(work.connection, work.tenant_id, subject, party_id),
        rule_version_id=RuleVersionId(rule.version),
        id=work.new_id(AppealId),
        at=work.at,
    )
    await work.keep(change)
    return Outcome({"appeal": change.after.id})


async def amend_appeal(work: Work, command: AmendAppeal) -> Outcome:
    """The draft says something else."""
    appeal = await _locked(work, command.appeal_id, AppealAction.AMEND_APPEAL)
    await _require_own_files(work, command.content.upload_ids)
    await work.keep(appeal_steps.amend_appeal(appeal, command.content, work.at))
    return Outcome({"appeal": appeal.id})


async def file_appeal(work: Work, command: StepAppeal) -> Outcome:
    """The appeal runs: points that it is about are suspended, its claim waits. Refuses what cannot be appealed."""
    appeal = await _locked(work, command.appeal_id, AppealAction.FILE_APPEAL)
    rule = await _rule_of(work, appeal)
    subject = await _subject(work, appeal.subject_id, rule)
    before = await appeal_rows.find_filed(work.connection, work.tenant_id, subject, appeal.appellant_id)
    change = appeal_steps.file_appeal(appeal, subject, before, rule, await _calendar(work), (), work.at)
    if AppealEffect.POINTS in appeal.sought:
        suspended = await points.suspend(work, subject.entries.get(appeal.appellant_id, ()), appeal_effects.APPEALED)
        change = appeal_steps.file_appeal(appeal, subject, before, rule, await _calendar(work), suspended, work.at)
    await _step(work, change)
    await appeal_effects.begin(work, change.after)
    return Outcome({"appeal": appeal.id})


async def admit_appeal(work: Work, command: StepAppeal) -> Outcome:
    """It is heard."""
    appeal = await _locked(work, command.appeal_id, AppealAction.ADMIT_APPEAL)
    await _step(work, appeal_steps.admit_appeal(appeal, work.at))
    return Outcome({"appeal": appeal.id})


async def dismiss_appeal(work: Work, command: StepAppeal) -> Outcome:
    """It cannot be heard, for the reason given: everything is as it was before."""
    appeal = await _locked(work, command.appeal_id, AppealAction.DISMISS_APPEAL)
    await _step(work, appeal_steps.dismiss_appeal(appeal, command.note or "", work.at))
    await appeal_effects.end(work, appeal)
    await appeal_effects.wait_no_longer(work, appeal)
    return Outcome({"appeal": appeal.id})


async def take_appeal(work: Work, command: StepAppeal) -> Outcome:
    """The caller looks at it, or takes it over. Refuses who decided first."""
    appeal = await _locked(work, command.appeal_id, AppealAction.TAKE_APPEAL)
    await _step(work, appeal_steps.take_appeal(appeal, Id(work.caller.actor_id), work.at))
    return Outcome({"appeal": appeal.id})


async def request_appeal_information(work: Work, command: StepAppeal) -> Outcome:
    """The appellant is asked, and has its time; the platform's own stands still."""
    appeal = await _locked(work, command.appeal_id, AppealAction.REQUEST_APPEAL_INFORMATION)
    rule = await _rule_of(work, appeal)
    due_at = appeals.answer_by(rule, work.at, urgent=appeal.urgent)
    change = appeal_steps.request_information(appeal, command.note or "", due_at, work.new_id(AppealRoundId), work.at)
    await _step(work, change)
    return Outcome({"appeal": appeal.id})


async def answer_appeal_request(work: Work, command: AnswerAppealRequest) -> Outcome:
    """The reviewer goes on, with the answer."""
    appeal = await _locked(work, command.appeal_id, AppealAction.ANSWER_APPEAL_REQUEST)
    await _require_own_files(work, command.upload_ids)
    await _step(work, appeal_steps.answer_request(appeal, command.answer, command.upload_ids, work.at))
    return Outcome({"appeal": appeal.id})


async def respond_to_appeal(work: Work, command: RespondToAppeal) -> Outcome:
    """What the other side of the decision thinks of the appeal is before the reviewer; once, and until it is decided.

    Raises:
        NotFound: the caller is no side of such an appeal.
    """
    appeal = await _locked(work, command.appeal_id, AppealAction.RESPOND_TO_APPEAL)
    await _require_own_files(work, command.upload_ids)
    await work.keep(appeal_steps.respond_to_appeal(appeal, command, work.at))
    return Outcome({"claim": appeal.subject_id})


async def decide_appeal(work: Work, command: DecideAppeal) -> Outcome:
    """Those effects are undone, each by itself, and nothing else; it is explained, and final."""
    appeal = await _locked(work, command.appeal_id, AppealAction.DECIDE_APPEAL)
    undone = tuple(effect for effect in AppealEffect if effect in command.undone)
    final = await _decide(work, appeal, undone, command.note, by_silence=False, buyer_keeps=command.buyer_keeps)
    return Outcome({"appeal": final.id})


# -- silence -----------------------------------------------------------------------------------------------------------


async def fire_admit_appeal(work: Work, clock: Clock) -> None:
    """Nobody said that it cannot be heard: it is heard."""
    appeal = await _rows(work, AppealId(clock.subject_id))
    if appeal.state is AppealState.FILED:
        await _step(work, appeal_steps.admit_appeal(appeal, work.at))


async def fire_answer_appeal(work: Work, clock: Clock) -> None:
    """The appellant said nothing: the reviewer goes on without, and no measure waits for the outcome any more."""
    appeal = await _rows(work, AppealId(clock.subject_id))
    if appeal.state is AppealState.INFO_REQUESTED:
        await _step(work, appeal_steps.stay_silent(appeal, work.at))
        await appeal_effects.wait_no_longer(work, appeal)


async def fire_decide_appeal(work: Work, clock: Clock) -> None:
    """The platform was silent: first the appeal is overdue; at the very last the rule decides for it."""
    appeal = await _rows(work, AppealId(clock.subject_id))
    if appeal.state not in {AppealState.ADMISSIBLE, AppealState.UNDER_REVIEW}:
        return
    if appeal.overdue_at is None and appeal.last_at is not None and work.at <= appeal.last_at:
        await _step(work, appeal_steps.become_overdue(appeal, work.at))
        return
    rule = await _rule_of(work, appeal)
    undone = appeal.sought if rule.silence[appeal.subject_kind] is AppealOutcome.OVERTURNED else ()
    await _decide(work, appeal, undone, SILENT, by_silence=True, buyer_keeps=True)


# -- what they share ---------------------------------------------------------------------------------------------------


async def _decide(
    work: Work,
    appeal: Appeal,
    undone: tuple[AppealEffect, ...],
    note: str,
    *,
    by_silence: bool,
    buyer_keeps: bool,
) -> Appeal:
    decision_id = work.new_id(DecisionId)
    change = appeal_steps.decide_appeal(appeal, undone, note, decision_id, work.at)
    work.add(
        decision(
            decision_id,
            appeal.id,
            DecisionKind.APPEAL,
            appeals.explained(appeal, undone, by_silence=by_silence),
            at=work.at,
            decided_by=work.caller.actor_id,
            rule_version_ids=(appeal.rule_version_id,),
        )
    )
    await _step(work, change)
    await appeal_effects.undo(work, Undoing(change.after, note, buyer_keeps), change.after.undone)
    await appeal_effects.end(work, change.after)
    await appeal_effects.wait_no_longer(work, appeal)
    final = appeal_steps.become_final(change.after, work.at)
    await work.keep(final)
    return final.after


async def _step(work: Work, change: Change[Appeal]) -> None:
    """The step is taken; the duty before it has ended, and the next one runs."""
    await work.keep(change)
    after = change.after
    await end_duties(work, after.id)
    duty = WORK_TO_DO.get(after.state)
    if duty is not None and after.due_at is not None:
        party_id = after.appellant_id if after.state is AppealState.INFO_REQUESTED else None
        await start_duty(work, duty, after.id, max(after.due_at, work.at), party_id=party_id)


async def _locked(work: Work, id: AppealId, action: AppealAction) -> Appeal:
    """The caller's appeal, what it is about locked before it, with nothing in the way of the action."""
    access.require(work.caller, MOVES[action].mutation)
    seen = await appeal_rows.get(work.connection, work.tenant_id, id)
    appeals.require_concerned(seen, work.caller)
    appeal = await _rows(work, id)
    work.expect(appeal)
    rule = await _rule_of(work, appeal)
    appeals.require_move(appeal, action, work.caller, work.at, rule.rounds)
    return appeal


async def _rows(work: Work, id: AppealId) -> Appeal:
    seen = await appeal_rows.get(work.connection, work.tenant_id, id)
    await appeal_effects.lock_subject(work, seen)
    return await appeal_rows.lock(work.connection, work.tenant_id, id)


async def _rule_in_force(work: Work) -> AppealTerms:
    return appeals.appeal_terms(await rulebook.in_force(work.connection, work.tenant_id, appeals.RULE, work.at))


async def _rule_of(work: Work, appeal: Appeal) -> AppealTerms:
    return appeals.appeal_terms(await rulebook.get(work.connection, work.tenant_id, appeal.rule_version_id))


async def _calendar(work: Work) -> Calendar:
    return await calendar_rows.get(work.connection, work.market)


async def _subject(work: Work, id: Id, rule: AppealTerms) -> Subject:
    asked = appeal_rows.Asked(work.connection, work.tenant_id, rule, await _calendar(work), work.at)
    return await appeal_rows.subject(asked, id)


def _party(work: Work) -> PartyId:
    if work.caller.party_id is None:
        raise Forbidden("An appeal is a party's own.")
    return work.caller.party_id


async def _require_own_files(work: Work, ids: tuple[UploadId, ...]) -> None:
    """Nothing, if every file is accepted evidence of the caller's organisation. Refuses, naming each that is not."""
    files = await file_rows.files(work.connection, work.tenant_id, ids)
    good = {
        file.id
        for file in files
        if file.organisation_id == work.caller.organisation_id
        and file.kind is UploadKind.EVIDENCE
        and file.state is UploadState.ACCEPTED
    }
    findings = [Finding("appeal.files", id in good, "appeal_files_are_yours", {"uploadId": id}) for id in ids]
    if because := unmet(findings):
        raise Refused("appeal.files", "A file cannot be part of the appeal.", because)
