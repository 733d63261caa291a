"""Appeals in GraphQL: a second look at decisions and measures, once."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import strawberry

from api.operations import appeals
from api.schema.arguments import Argument, field
from api.schema.capabilities import Restriction
from api.schema.claims import Claim
from api.schema.connection import Connection, connection, listing, point
from api.schema.coupons import Coupon
from api.schema.decisions import Decision
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION
from api.schema.parties import Party
from api.schema.points import AccountMeasure, PointsEntry
from api.schema.rules import RuleVersion
from domain.appeals import (
    UPLOADS_MAX,
    AmendAppeal,
    AnswerAppealRequest,
    AppealAction,
    AppealEffect,
    AppealOutcome,
    AppealState,
    Content,
    DecideAppeal,
    DraftAppeal,
    RespondToAppeal,
    StepAppeal,
    SubjectKind,
)
from domain.errors import Problem
from domain.ids import KINDS, AppealId, Id, UploadId

described(SubjectKind, name="AppealSubjectKind")
described(AppealEffect)
described(AppealState)
described(AppealOutcome)
described(AppealAction)


class AppealOrder(StrEnum):
    """Orders of a list of appeals."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """By drafting, the latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """By drafting, the earliest first."""
    MOST_URGENT_FIRST = "MOST_URGENT_FIRST"
    """By the deadline of whoever must act, the nearest first."""


described(AppealOrder)


@strawberry.input(description="Which appeals. What is left out does not matter; conditions add up.")
class AppealFilter:
    """The filters of `storage/views/appeals.py`."""

    states: list[AppealState] | None = strawberry.field(default=None, description="In one of these states.")
    subject_kinds: list[SubjectKind] | None = strawberry.field(default=None, description="Of one of these kinds.")
    subject_id: strawberry.ID | None = strawberry.field(default=None, description="Against this thing.")


@strawberry.type(description="An action on an appeal that is not possible now for the viewer, and why.")
class BlockedAppealAction:
    """`domain.moves.Move`."""

    action: AppealAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A question to the appellant, and its answer.")
class AppealRound(Node):
    """`domain.appeals.AppealRound`."""

    appeal: "Appeal | None" = strawberry.field(description="The appeal.")
    number: int = strawberry.field(description="1, 2 … in the appeal.")
    question: str = strawberry.field(description="What was asked.")
    asked_at: datetime = strawberry.field(description="When.")
    due_at: datetime = strawberry.field(description="The last instant at which an answer is in time.")
    answer: str | None = strawberry.field(description="What was answered; null before, and where nothing was.")
    upload_ids: list[strawberry.ID] = strawberry.field(description="The files of the answer.")
    answered_at: datetime | None = strawberry.field(description="When it was answered.")
    silent: bool = strawberry.field(description="Whether the time passed without an answer.")


@strawberry.type(description="A party's wish for a second look at a decision or measure that is against it.")
class Appeal(Node):
    """`domain.appeals.Appeal`."""

    number: str = strawberry.field(description="What people say on the telephone.")
    subject_kind: SubjectKind = strawberry.field(description="What sort of thing is appealed.")
    subject_id: strawberry.ID = strawberry.field(description="The thing: a claim, points entry, measure and so on.")
    claim: Claim | None = strawberry.field(description="The claim whose decision is appealed; null for other kinds.")
    coupon: Coupon | None = strawberry.field(description="The coupon that was revoked; null for other kinds.")
    points_entry: PointsEntry | None = strawberry.field(description="The points; null for other kinds.")
    measure: AccountMeasure | None = strawberry.field(description="The measure against an account; null otherwise.")
    restriction: Restriction | None = strawberry.field(description="The desk's restriction; null otherwise.")
    appellant: Party | None = strawberry.field(description="Who appeals.")
    state: AppealState = strawberry.field(description="Where it stands.")
    outcome: AppealOutcome | None = strawberry.field(description="What came of it; null before it was decided.")
    sought: list[AppealEffect] = strawberry.field(description="What the appellant wants undone.")
    undone: list[AppealEffect] = strawberry.field(description="What was undone; everything else stays as it was.")
    grounds: str = strawberry.field(description="Why, in the appellant's words.")
    root_cause: str | None = strawberry.field(description="What went wrong, for what is about conduct.")
    correction: str | None = strawberry.field(description="What was done about it.")
    prevention: str | None = strawberry.field(description="What keeps it from happening again.")
    upload_ids: list[strawberry.ID] = strawberry.field(description="The appellant's files.")
    note: str | None = strawberry.field(description="The platform's last word.")
    decision: Decision | None = strawberry.field(description="The decision that is appealed, where there is one.")
    final_decision: Decision | None = strawberry.field(description="What was decided about it, effect by effect.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule that set its deadlines.")
    urgent: bool = strawberry.field(description="Whether it came by the urgent channel.")
    stays: bool = strawberry.field(description="Whether the measure waits for the outcome: while you answer in time.")
    respondent: Party | None = strawberry.field(
        description="The other side of the decision, which knows of the appeal; null where there is none."
    )
    response: str | None = strawberry.field(description="What the other side said; for staff alone, null for others.")
    response_upload_ids: list[strawberry.ID] | None = strawberry.field(
        description="The other side's files; for staff alone, null for others."
    )
    responded_at: datetime | None = strawberry.field(description="When the other side answered; null before.")
    rounds: Connection[AppealRound] = connection("What the appellant was asked.")
    available_actions: list[AppealAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedAppealAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    file_by: datetime = strawberry.field(description="The last instant at which it can be filed.")
    drafted_at: datetime = strawberry.field(description="When it was begun.")
    filed_at: datetime | None = strawberry.field(description="When it was filed; null before.")
    due_at: datetime | None = strawberry.field(description="Until when whoever must act now has time.")
    decide_by: datetime | None = strawberry.field(description="Until when the platform decides.")
    last_at: datetime | None = strawberry.field(description="Until when at most; then the rule decides for it.")
    overdue_at: datetime | None = strawberry.field(description="When the platform's time passed; null otherwise.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    decided_at: datetime | None = strawberry.field(description="When it was decided.")
    ended_at: datetime | None = strawberry.field(description="When it was over.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(
    description="An appeal of the other side against a decision between you two: how it stands and what you may do, "
    "never what the other side wrote."
)
class OpposedAppeal:
    """`domain.appeals.Appeal`, as the other side of the decision is told of it."""

    id: strawberry.ID = strawberry.field(description="The id of the appeal.")
    number: str = strawberry.field(description="What people say on the telephone.")
    claim: Claim | None = strawberry.field(description="The claim whose decision is appealed.")
    appellant: Party | None = strawberry.field(description="Who appeals.")
    state: AppealState = strawberry.field(description="Where it stands.")
    outcome: AppealOutcome | None = strawberry.field(description="What came of it; null before it was decided.")
    about_money: bool = strawberry.field(description="Whether who pays what is appealed.")
    money_undone: bool | None = strawberry.field(
        description="Whether who pays what was changed; null before it was decided."
    )
    response: str | None = strawberry.field(description="What you said about it; null before.")
    response_upload_ids: list[strawberry.ID] = strawberry.field(description="Your files about it.")
    responded_at: datetime | None = strawberry.field(description="When you said it; null before.")
    respond_by: datetime | None = strawberry.field(
        description="Until when you can say what you think of it; null where you have, and once it is decided."
    )
    available_actions: list[AppealAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedAppealAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    filed_at: datetime | None = strawberry.field(description="When it was filed.")
    due_at: datetime | None = strawberry.field(description="Until when whoever must act now has time.")
    decide_by: datetime | None = strawberry.field(description="Until when the platform decides.")
    last_at: datetime | None = strawberry.field(description="Until when at most; then the rule decides for it.")
    overdue_at: datetime | None = strawberry.field(description="When the platform's time passed; null otherwise.")
    decided_at: datetime | None = strawberry.field(description="When it was decided.")
    ended_at: datetime | None = strawberry.field(description="When it was over.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="Whether the viewer can appeal a thing now, and why or why not.")
class Appealability:
    """`storage.views.appeals.Appealability`."""

    kind: SubjectKind = strawberry.field(description="What sort of thing it is.")
    open: bool = strawberry.field(description="Whether `draftAppeal` would be let through now.")
    until: datetime = strawberry.field(description="The last instant at which it can be appealed.")
    effects: list[AppealEffect] = strawberry.field(description="What can be undone for the viewer.")
    findings: list[Finding] = strawberry.field(description="Every condition, met or not.")
    appeal: Appeal | None = strawberry.field(description="The viewer's own appeal that was filed against it.")
    urgent: list[Finding] | None = strawberry.field(
        description="Every condition of the urgent channel, met or not; null where there is none for such a thing."
    )


@strawberry.input(description="What an appeal says.")
class AppealContentInput:
    """→ `domain.appeals.Content`."""

    grounds: str = strawberry.field(description="Why the decision or measure is wrong.")
    root_cause: str | None = strawberry.field(default=None, description="What went wrong; for points and measures.")
    correction: str | None = strawberry.field(default=None, description="What you did; for points and measures.")
    prevention: str | None = strawberry.field(
        default=None, description="What keeps it from happening again; for points and measures."
    )
    upload_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description=f"At most {UPLOADS_MAX} of your accepted files of the kind EVIDENCE."
    )

    def content(self, read: Reader) -> Content:
        """What it says; what is wrong with it is collected."""
        return Content(
            read.required_note(self.grounds, "content", "grounds"),
            read.note(self.root_cause, "content", "rootCause"),
            read.note(self.correction, "content", "correction"),
            read.note(self.prevention, "content", "prevention"),
            read.ids(UploadId, self.upload_ids, "content", "uploadIds"),
        )


def _subject(read: Reader, text: str) -> Id:
    """The id of whatever kind its prefix says."""
    kind = KINDS.get(text.partition("_")[0])
    if kind is None:
        read.problems.append(Problem(("subjectId",), "This is no id."))
        return Id(text)
    return read.id(kind, text, "subjectId")


@strawberry.input(description="Begin an appeal. Nobody else sees a draft.")
class DraftAppealInput:
    """→ `domain.appeals.DraftAppeal`."""

    subject_id: strawberry.ID = strawberry.field(
        description="What you appeal: a claim, a points entry, a measure or restriction, the review of your "
        "application, or a coupon."
    )
    sought: list[AppealEffect] = strawberry.field(
        default_factory=list, description="What shall be undone; everything that can be, if left out."
    )
    content: AppealContentInput = strawberry.field(description="What the appeal says.")
    urgent: bool = strawberry.field(
        default=False,
        description="By the urgent channel for parties in good standing: shorter time for everybody, and a measure "
        "that has no effect yet waits for the outcome while you answer in time.",
    )
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> DraftAppeal:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        content = self.content.content(read)
        command = DraftAppeal(_subject(read, self.subject_id), tuple(self.sought), content, self.urgent)
        read.done()
        return command


@strawberry.input(description="Change a draft.")
class AmendAppealInput:
    """→ `domain.appeals.AmendAppeal`."""

    appeal_id: strawberry.ID = strawberry.field(description="The draft.")
    content: AppealContentInput = strawberry.field(description="What it shall say, whole.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> AmendAppeal:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AmendAppeal(read.id(AppealId, self.appeal_id, "appealId"), self.content.content(read))
        read.done()
        return command


@strawberry.input(description="A step with an appeal that needs no words.")
class AppealStepInput:
    """→ `domain.appeals.StepAppeal`."""

    appeal_id: strawberry.ID = strawberry.field(description="The appeal.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> StepAppeal:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = StepAppeal(read.id(AppealId, self.appeal_id, "appealId"))
        read.done()
        return command


@strawberry.input(description="A word to the appellant: why its appeal cannot be heard, or what is asked.")
class AppealWordInput:
    """→ `domain.appeals.StepAppeal`."""

    appeal_id: strawberry.ID = strawberry.field(description="The appeal.")
    note: str = strawberry.field(description="The word.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> StepAppeal:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = StepAppeal(read.id(AppealId, self.appeal_id, "appealId"), read.required_note(self.note, "note"))
        read.done()
        return command


@strawberry.input(description="Answer what you were asked about your appeal.")
class AnswerAppealRequestInput:
    """→ `domain.appeals.AnswerAppealRequest`."""

    appeal_id: strawberry.ID = strawberry.field(description="The appeal.")
    answer: str = strawberry.field(description="The answer.")
    upload_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description=f"At most {UPLOADS_MAX} of your accepted files of the kind EVIDENCE."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> AnswerAppealRequest:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AnswerAppealRequest(
            read.id(AppealId, self.appeal_id, "appealId"),
            read.required_note(self.answer, "answer"),
            read.ids(UploadId, self.upload_ids, "uploadIds"),
        )
        read.done()
        return command


@strawberry.input(description="Say what you think of the other side's appeal, once.")
class RespondToAppealInput:
    """→ `domain.appeals.RespondToAppeal`."""

    appeal_id: strawberry.ID = strawberry.field(description="The appeal.")
    statement: str = strawberry.field(description="What the reviewer shall know; the appellant does not read it.")
    upload_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description=f"At most {UPLOADS_MAX} of your accepted files of the kind EVIDENCE."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RespondToAppeal:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RespondToAppeal(
            read.id(AppealId, self.appeal_id, "appealId"),
            read.required_note(self.statement, "statement"),
            read.ids(UploadId, self.upload_ids, "uploadIds"),
        )
        read.done()
        return command


@strawberry.input(description="Say what an appeal undoes, each effect by itself.")
class DecideAppealInput:
    """→ `domain.appeals.DecideAppeal`."""

    appeal_id: strawberry.ID = strawberry.field(description="The appeal.")
    undone: list[AppealEffect] = strawberry.field(
        description="The effects that are undone: none of them upholds the decision, all of them overturn it."
    )
    note: str = strawberry.field(description="Why, for the appellant.")
    buyer_keeps: bool = strawberry.field(
        default=True,
        description="Where MONEY of a granted claim is undone: whether the buyer keeps what it was given, and the "
        "marketplace bears it.",
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> DecideAppeal:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = DecideAppeal(
            read.id(AppealId, self.appeal_id, "appealId"),
            tuple(self.undone),
            read.required_note(self.note, "note"),
            self.buyer_keeps,
        )
        read.done()
        return command


@strawberry.type(description="The appeal after the step, or why nothing changed.")
class AppealPayload:
    """What every step with an appeal answers."""

    appeal: Appeal | None = strawberry.field(description="The appeal now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The claim whose decision the other side appeals, or why nothing changed.")
class RespondToAppealPayload:
    """What an answer to an appeal answers."""

    claim: Claim | None = strawberry.field(description="The claim; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class AppealQueries:
    """Reading appeals."""

    appeal: Appeal | None = point("The appeal of that id; null when there is none for the viewer.", of="appeal")
    appeals: Connection[Appeal] = listing(
        "The appeals the viewer may see: a party its own, staff all that were filed.",
        filter=AppealFilter,
        order=AppealOrder,
    )
    opposed_appeals: list[OpposedAppeal] = field(
        "Appeals of the other side against decisions between the viewer and it, the latest 100; staff see all such.",
        Argument("claim_id", strawberry.ID | None, "Against the decision of this claim; of any when left out.", None),
    )
    appealability: Appealability | None = field(
        "Whether you can appeal a thing now, and why or why not; null for what is not against you.",
        Argument("subject_id", strawberry.ID, "The thing: a claim, points entry, measure, restriction and so on."),
    )


_FOR_STAFF: Final = "As staff who did not decide first, "


@strawberry.type
class AppealMutations:
    """What can be done with appeals."""

    draft_appeal: AppealPayload = mutation(
        appeals.draft_appeal,
        DraftAppealInput,
        keyed=True,
        description="Begin an appeal against a decision or measure. Refused, with every reason, too late, by another "
        "party, and a second time.",
    )
    amend_appeal: AppealPayload = mutation(
        appeals.amend_appeal, AmendAppealInput, keyed=True, description="Change what your draft says."
    )
    file_appeal: AppealPayload = mutation(
        appeals.file_appeal,
        AppealStepInput,
        keyed=True,
        description="File your appeal: its points are suspended, except for fraud, and its claim waits. What is about "
        "your conduct must say root cause, correction and prevention.",
    )
    answer_appeal_request: AppealPayload = mutation(
        appeals.answer_appeal_request,
        AnswerAppealRequestInput,
        keyed=True,
        description="Answer what you were asked about your appeal, in time.",
    )
    respond_to_appeal: RespondToAppealPayload = mutation(
        appeals.respond_to_appeal,
        RespondToAppealInput,
        keyed=True,
        description="Say what you think of the other side's appeal, once and before it is decided.",
    )
    admit_appeal: AppealPayload = mutation(
        appeals.admit_appeal,
        AppealStepInput,
        keyed=True,
        description=f"{_FOR_STAFF}let an appeal be heard; your silence does the same.",
    )
    dismiss_appeal: AppealPayload = mutation(
        appeals.dismiss_appeal,
        AppealWordInput,
        keyed=True,
        description=f"{_FOR_STAFF}say why an appeal cannot be heard: everything is as it was before.",
    )
    take_appeal: AppealPayload = mutation(
        appeals.take_appeal,
        AppealStepInput,
        keyed=True,
        description=f"{_FOR_STAFF}look at an appeal, or take it over.",
    )
    request_appeal_information: AppealPayload = mutation(
        appeals.request_appeal_information,
        AppealWordInput,
        keyed=True,
        description="As the reviewer, ask the appellant; meanwhile the platform's own time stands still.",
    )
    decide_appeal: AppealPayload = mutation(
        appeals.decide_appeal,
        DecideAppealInput,
        keyed=True,
        description="As the reviewer, undo effects, each by itself, and leave the rest as it was. It is final.",
    )
