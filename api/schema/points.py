"""Penalty points, measures and statements of reasons in GraphQL."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import measures, points
from api.schema import listings as _listings  # noqa: F401 - describes Violation
from api.schema import modes as _modes  # noqa: F401 - describes the shared enums
from api.schema.arguments import Argument, field
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.parties import LiableParty
from domain import ids
from domain.errors import Problem
from domain.gates import Action
from domain.ids import Id, LiablePartyId, MeasureId, PointsEntryId, ProviderId, SupplierId, UploadId
from domain.locales import Locale
from domain.measures import LiftMeasure, MeasureAction, MeasureBasis, MeasureKind, MeasureState
from domain.penalties import SideEffect, Violation
from domain.points import CauseKind, EntryAction, EntryState, MovementKind, PenaliseParty, ReversePoints

if TYPE_CHECKING:
    from api.schema.capabilities import Restriction
    from api.schema.decisions import Decision
    from api.schema.invoices import Invoice
    from api.schema.rules import RuleVersion

for _enum in (MeasureKind, MeasureBasis, MeasureState, MeasureAction, SideEffect):
    described(_enum)
described(EntryState, name="PointsState")
described(EntryAction, name="PointsAction")
described(CauseKind, name="PointsCause")
described(MovementKind, name="PointsMovementKind")

LOCALE = "The language."


@strawberry.type(
    description="Why points were given or a measure was taken, on what ground, and how to have it reviewed, as "
    "Regulation (EU) 2019/1150 and Regulation (EU) 2022/2065 ask."
)
class StatementOfReasons:
    """`domain.statements.Statement`."""

    subject_id: strawberry.ID = strawberry.field(description="The entry or measure it is about; for `node`.")
    measure: MeasureKind | None = strawberry.field(description="The measure; null for points.")
    points: int = strawberry.field(description="The points of the act.")
    strikes: int = strawberry.field(description="The strikes of the act.")
    violations: list[Violation] = strawberry.field(description="What was broken.")
    takes: list[Action] = strawberry.field(description="What the party may not do meanwhile, in all markets.")
    effects: list[SideEffect] = strawberry.field(description="What else follows.")
    occurred_at: datetime | None = strawberry.field(description="When it happened; null where it is about a time.")
    since: datetime = strawberry.field(description="From when on.")
    until: datetime | None = strawberry.field(description="The last instant; null until it is lifted.")
    note: str | None = strawberry.field(description="The facts in the desk's words.")
    facts: list[Finding] = strawberry.field(description="The facts and rules it rests on.")
    found_by_others: bool = strawberry.field(
        description="Whether a notice of another party led to it; false where the marketplace found it itself."
    )
    automated_detection: bool = strawberry.field(description="Whether a machine found it.")
    automated_decision: bool = strawberry.field(description="Whether a machine decided it.")
    rule_key: str = strawberry.field(description="The key of the rule that is the ground.")
    rule_title: str = strawberry.field(description="What the rule is called.")
    rule_version: strawberry.ID = strawberry.field(description="The version of the rule; for `node`.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    appeal_until: datetime = strawberry.field(description="The last instant at which an appeal is in time.")
    text: str = field("The statement as a letter.", Argument("locale", Locale, LOCALE, Locale.EN))
    document: str = field(
        "The statement as JSON, to be kept: every member above, and the ways of redress.",
        Argument("locale", Locale, LOCALE, Locale.EN),
    )


@strawberry.type(description="An action on points that is not possible now for the viewer, and why.")
class BlockedPointsAction:
    """`domain.moves.Move`."""

    action: EntryAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A line of a party's points account.")
class PointsMovement(Node):
    """`domain.points.PointsMovement`."""

    entry: Annotated["PointsEntry", strawberry.lazy("api.schema.points")] | None = strawberry.field(
        description="The points that moved."
    )
    kind: MovementKind = strawberry.field(description="What happened to them.")
    points: int = strawberry.field(description="By how much the balance moved; less than nothing where it fell.")
    strikes: int = strawberry.field(description="By how much the strikes moved.")
    balance: int = strawberry.field(description="The balance after this line.")
    at: datetime = strawberry.field(description="When.")
    note: str | None = strawberry.field(description="Why, in words, where somebody said so.")


@strawberry.type(description="Penalty points of a party for one act.")
class PointsEntry(Node):
    """`domain.points.PointsEntry`."""

    party: LiableParty | None = strawberry.field(description="Whose points they are.")
    state: EntryState = strawberry.field(description="Where they stand.")
    violations: list[Violation] = strawberry.field(description="What the act broke.")
    points: int = strawberry.field(description="How many.")
    strikes: int = strawberry.field(description="Strikes that came with them.")
    fraud: bool = strawberry.field(description="Whether it was fraud: then they count while they are appealed.")
    cause: CauseKind = strawberry.field(description="What kind of thing they were given for.")
    cause_id: strawberry.ID = strawberry.field(description="The thing; for `node`, where the viewer may see it.")
    facts: str | None = strawberry.field(description="What happened, in the desk's words.")
    upload_ids: list[strawberry.ID] = strawberry.field(description="The evidence.")
    automated: bool = strawberry.field(description="Whether no person decided.")
    decision: Annotated["Decision", strawberry.lazy("api.schema.decisions")] | None = strawberry.field(
        description="The decision that explains them."
    )
    rule_version: Annotated["RuleVersion", strawberry.lazy("api.schema.rules")] | None = strawberry.field(
        description="The version of the rule that set them."
    )
    measures: Connection[Annotated["AccountMeasure", strawberry.lazy("api.schema.points")]] = connection(
        "What followed from them.", order=ByAge
    )
    movements: Connection[PointsMovement] = connection("Their lines in the account.", order=ByAge)
    statement_of_reasons: StatementOfReasons = strawberry.field(description="Why, and how to have it reviewed.")
    available_actions: list[EntryAction] = strawberry.field(description="What the viewer may do with them now.")
    blocked_actions: list[BlockedPointsAction] = strawberry.field(
        description="What the viewer may not do with them now, and why."
    )
    occurred_at: datetime = strawberry.field(description="When it happened.")
    given_at: datetime = strawberry.field(description="When they were given: from then on they count.")
    in_force_at: datetime = strawberry.field(description="The first instant after the notice of what follows.")
    expires_at: datetime = strawberry.field(description="The last instant of their life.")
    appealable_until: datetime = strawberry.field(description="The last instant at which an appeal is in time.")
    ended_at: datetime | None = strawberry.field(description="When they were over; null while they stand.")
    end_reason: str | None = strawberry.field(description="Why they were taken back.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="An action on a measure that is not possible now for the viewer, and why.")
class BlockedMeasureAction:
    """`domain.moves.Move`."""

    action: MeasureAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="What follows from points, strikes, repeated failures or a scorecard.")
class AccountMeasure(Node):
    """`domain.measures.AccountMeasure`."""

    party: LiableParty | None = strawberry.field(description="Whom it is against.")
    kind: MeasureKind = strawberry.field(description="What is done.")
    basis: MeasureBasis = strawberry.field(description="What it rests on.")
    threshold: int = strawberry.field(
        description="The step that was reached: points, strikes or failures; how many targets a scorecard missed."
    )
    effects: list[SideEffect] = strawberry.field(description="What else follows.")
    state: MeasureState = strawberry.field(description="Where it stands.")
    entry: PointsEntry | None = strawberry.field(
        description="The points that brought it; null where it rests on a scorecard, a debt or the desk alone."
    )
    invoice: Annotated["Invoice", strawberry.lazy("api.schema.invoices")] | None = strawberry.field(
        description="The overdue invoice that a supplier's restriction rests on; null otherwise."
    )
    resumes: Annotated["AccountMeasure", strawberry.lazy("api.schema.points")] | None = strawberry.field(
        description="The measure that it takes up again after a lost appeal."
    )
    restriction: Annotated["Restriction", strawberry.lazy("api.schema.capabilities")] | None = strawberry.field(
        description="The restriction by which it takes a provider's capabilities; null where it takes none."
    )
    automated: bool = strawberry.field(description="Whether no person decided.")
    decision: Annotated["Decision", strawberry.lazy("api.schema.decisions")] | None = strawberry.field(
        description="The decision that explains it."
    )
    rule_version: Annotated["RuleVersion", strawberry.lazy("api.schema.rules")] | None = strawberry.field(
        description="The version of the rule that asks for it."
    )
    statement_of_reasons: StatementOfReasons = strawberry.field(description="Why, and how to have it reviewed.")
    available_actions: list[MeasureAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedMeasureAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    announced_at: datetime = strawberry.field(description="When it was told.")
    effective_at: datetime = strawberry.field(description="Its first instant.")
    until: datetime | None = strawberry.field(description="Its last instant; null until it is lifted.")
    appealable_until: datetime = strawberry.field(description="The last instant at which an appeal is in time.")
    ended_at: datetime | None = strawberry.field(description="When it was over; null while it stands.")
    end_reason: str | None = strawberry.field(description="Why it was lifted or called off.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="The next step of the ladder above a balance.")
class NextThreshold:
    """`storage.views.points.NextThreshold`."""

    points: int = strawberry.field(description="From how many points on.")
    missing: int = strawberry.field(description="How many more points reach it.")
    measure: MeasureKind = strawberry.field(description="What it brings.")
    days: int | None = strawberry.field(description="For how many days; null without end.")
    notice_days: int = strawberry.field(description="After how many days of notice.")
    effects: list[SideEffect] = strawberry.field(description="What else it brings.")


@strawberry.type(description="The balance after an instant, if nothing else happens.")
class ProjectedBalance:
    """`storage.views.points.Projected`."""

    at: datetime = strawberry.field(description="The last instant of the points that expire.")
    balance: int = strawberry.field(description="The balance after it.")
    strikes: int = strawberry.field(description="The strikes after it.")


@strawberry.type(description="A measure that would follow.")
class ProjectedMeasure:
    """`domain.measures.Step`."""

    kind: MeasureKind = strawberry.field(description="What would be done.")
    threshold: int = strawberry.field(description="The step that would be reached.")
    days: int | None = strawberry.field(description="For how many days; null for months, or without end.")
    months: int | None = strawberry.field(description="For how many months; null for days, or without end.")
    notice_days: int = strawberry.field(description="After how many days of notice.")
    effects: list[SideEffect] = strawberry.field(description="What else would follow.")


@strawberry.type(description="What the account would be, if points were taken back and an act were penalised now.")
class PointsWhatIf:
    """`storage.views.points.WhatIf`."""

    balance: int = strawberry.field(description="The balance then.")
    strikes: int = strawberry.field(description="The strikes then.")
    points: int = strawberry.field(description="What the act would cost.")
    lifted: list[AccountMeasure] = strawberry.field(description="Measures that would lose what they rest on.")
    brings: list[ProjectedMeasure] = strawberry.field(description="Measures that the act would bring.")
    next_threshold: NextThreshold | None = strawberry.field(description="The next step then; null above the last.")
    because: Finding = strawberry.field(description="How it was found, by the rule in force.")


@strawberry.type(description="The statement of a party's points account at an instant.")
class PointsAccount:
    """`storage.views.points.PointsAccount`."""

    party_id: strawberry.ID = strawberry.field(description="Whose account; for `node`.")
    as_of: datetime = strawberry.field(description="The instant.")
    balance: int = strawberry.field(description="The points that counted then.")
    pending: int = strawberry.field(description="Those of them whose notice was still running.")
    strikes: int = strawberry.field(description="The strikes that counted then.")
    entries: list[PointsEntry] = strawberry.field(description="What the balance is made of, the latest 500.")
    measures: list[AccountMeasure] = strawberry.field(description="Measures announced or in force then.")
    next_threshold: NextThreshold | None = strawberry.field(description="The next step; null above the last.")
    projection: list[ProjectedBalance] = strawberry.field(description="How the balance falls if nothing else happens.")
    what_if: PointsWhatIf | None = strawberry.field(
        description="What was asked with `without` and `violations`, judged now; null where neither was given."
    )


@strawberry.input(description="Which points. What is left out does not matter; conditions add up.")
class PointsEntryFilter:
    """The filters of `storage/views/points.py`."""

    liable_party_id: strawberry.ID | None = strawberry.field(default=None, description="Of this supplier or provider.")
    states: list[EntryState] | None = strawberry.field(default=None, description="In one of these states.")
    cause_id: strawberry.ID | None = strawberry.field(default=None, description="For this thing.")


@strawberry.input(description="Which lines. What is left out does not matter; conditions add up.")
class PointsMovementFilter:
    """The filters of `storage/views/points.py`."""

    party_id: strawberry.ID | None = strawberry.field(default=None, description="Of this supplier or provider.")


@strawberry.input(description="Which measures. What is left out does not matter; conditions add up.")
class AccountMeasureFilter:
    """The filters of `storage/views/points.py`."""

    liable_party_id: strawberry.ID | None = strawberry.field(default=None, description="Of this supplier or provider.")
    states: list[MeasureState] | None = strawberry.field(default=None, description="In one of these states.")
    kinds: list[MeasureKind] | None = strawberry.field(default=None, description="Of one of these kinds.")


@strawberry.input(description="A party did wrong, as the desk found.")
class PenalisePartyInput:
    """→ `domain.points.PenaliseParty`."""

    party_id: strawberry.ID = strawberry.field(description="The supplier or provider.")
    violations: list[Violation] = strawberry.field(description="Everything that the one act broke.")
    occurred_at: datetime = strawberry.field(description="When it happened; the rule of that instant sets the points.")
    facts: str = strawberry.field(description="What happened, in words; the party reads it. At most 2,000 characters.")
    upload_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The evidence: accepted uploads, at most 20."
    )
    subject_id: strawberry.ID | None = strawberry.field(
        default=None, description="The thing it is about; for one thing a party is given points once."
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> PenaliseParty:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        party_id = liable_party_id(read, self.party_id, "partyId")
        facts = read.required_note(self.facts, "facts")
        upload_ids = read.ids(UploadId, self.upload_ids or [], "uploadIds")
        subject_id = (
            None
            if self.subject_id is None
            else read.take(
                lambda: ids.kind_of(str(self.subject_id))(str(self.subject_id)), "subjectId", otherwise=Id("")
            )
        )
        read.done()
        return PenaliseParty(party_id, tuple(self.violations), self.occurred_at, facts, upload_ids, subject_id)


@strawberry.input(description="Points that shall be taken back.")
class ReversePointsInput:
    """→ `domain.points.ReversePoints`."""

    entry_id: strawberry.ID = strawberry.field(description="The entry.")
    reason: str = strawberry.field(description="Why, in words; the party reads it.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> ReversePoints:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        id = read.id(PointsEntryId, self.entry_id, "entryId")
        reason = read.required_note(self.reason, "reason")
        read.done()
        return ReversePoints(id, reason)


@strawberry.input(description="A measure that shall end.")
class LiftMeasureInput:
    """→ `domain.measures.LiftMeasure`."""

    measure_id: strawberry.ID = strawberry.field(description="The measure.")
    reason: str = strawberry.field(description="Why, in words; the party reads it.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> LiftMeasure:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        id = read.id(MeasureId, self.measure_id, "measureId")
        reason = read.required_note(self.reason, "reason")
        read.done()
        return LiftMeasure(id, reason)


def liable_party_id(read: Reader, text: str, *path: str) -> LiablePartyId:
    """The id of a supplier or provider. Any other is a problem."""
    if text.startswith(f"{SupplierId.prefix}_"):
        return read.id(SupplierId, text, *path)
    if text.startswith(f"{ProviderId.prefix}_"):
        return read.id(ProviderId, text, *path)
    read.problems.append(Problem(path, "names neither a supplier nor a provider"))
    return ProviderId(text)


@strawberry.type(description="The points, or why nothing changed.")
class PointsPayload:
    """What `penaliseParty` and `reversePoints` answer."""

    points_entry: PointsEntry | None = strawberry.field(description="The points; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The measure, or why nothing changed.")
class MeasurePayload:
    """What `liftMeasure` answers."""

    measure: AccountMeasure | None = strawberry.field(description="The measure; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class PointsQueries:
    """Reading points and measures."""

    points_account: PointsAccount | None = field(
        "The points account of a party as it stood at an instant: what the balance is made of, the next step, how it "
        "falls, and what would be if. A party its own, staff all; null for others.",
        Argument("party_id", strawberry.ID | None, "The supplier or provider; the viewer's own when left out.", None),
        Argument("as_of", datetime | None, "The instant; now when left out or ahead.", None),
        Argument("without", list[strawberry.ID] | None, "What if these entries were taken back.", None),
        Argument("violations", list[Violation] | None, "What if an act that breaks these were penalised now.", None),
    )
    points_entry: PointsEntry | None = point(
        "The points of that id; null when there are none for the viewer.", of="points_entry"
    )
    points_entries: Connection[PointsEntry] = listing(
        "Points that were given: all for staff, its own for a party.", filter=PointsEntryFilter, order=ByAge
    )
    points_movements: Connection[PointsMovement] = listing(
        "The lines of points accounts: all for staff, its own for a party.", filter=PointsMovementFilter, order=ByAge
    )
    account_measure: AccountMeasure | None = point(
        "The measure of that id; null when there is none for the viewer.", of="account_measure"
    )
    account_measures: Connection[AccountMeasure] = listing(
        "Measures against parties: all for staff, its own for a party.", filter=AccountMeasureFilter, order=ByAge
    )


@strawberry.type
class PointsMutations:
    """What can be done with points and measures."""

    penalise_party: PointsPayload = mutation(
        points.penalise_party,
        PenalisePartyInput,
        keyed=True,
        description="The desk gives a supplier or provider the points that an act costs by the rule of its day; what "
        "they bring is announced. Refused where no points follow.",
    )
    reverse_points: PointsPayload = mutation(
        points.reverse_points,
        ReversePointsInput,
        keyed=True,
        description="The desk takes points back: they count no longer, and measures that rest on them are called off "
        "or lifted within a second. Refused, with every reason, for points that are over or under appeal.",
    )
    lift_measure: MeasurePayload = mutation(
        measures.lift_measure,
        LiftMeasureInput,
        keyed=False,
        description="The desk lifts a measure, or calls it off before it takes effect: exactly what it took is back.",
    )
