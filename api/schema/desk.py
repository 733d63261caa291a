"""The desk in GraphQL: who has a claim, notes, saved filters, decisions of two adjudicators, and one's work."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry

from api.operations import bulk_decisions, desk, proposals
from api.schema.arguments import Argument, field
from api.schema.claims import Claim, ClaimFilter, ClaimPayload
from api.schema.connection import Connection, PageInfo, listing
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION
from api.schema.rules import RuleVersion
from api.schema.scalars import Money
from domain.claim_notes import AddClaimNote
from domain.claims import ClaimOutcome
from domain.claims.desk import AssignClaim
from domain.desk import CLAIMS_MAX, DecideClaims, DecisionEffect
from domain.errors import Problem
from domain.ids import ClaimId, Id, SavedFilterId, kind_of
from domain.proposals import ConfirmDecision, ProposalState, ReturnDecision
from domain.saved_filters import FILTERS_MAX, RemoveFilter, SaveFilter
from storage.views.desk import PAGE_MAX, WorkKind, WorkReason
from storage.views.view import misfits

for _enum in (WorkKind, WorkReason, ProposalState, DecisionEffect):
    described(_enum)


class ClaimNoteOrder(StrEnum):
    """Orders of a claim's notes."""

    OLDEST_FIRST = "OLDEST_FIRST"
    """As they were written."""
    NEWEST_FIRST = "NEWEST_FIRST"
    """The latest first."""


class SavedFilterOrder(StrEnum):
    """Orders of a list of saved filters."""

    BY_NAME = "BY_NAME"
    """By their names."""


class ProposedDecisionOrder(StrEnum):
    """Orders of a list of proposed decisions."""

    OLDEST_FIRST = "OLDEST_FIRST"
    """The one that waits longest first."""
    NEWEST_FIRST = "NEWEST_FIRST"
    """The latest first."""


for _order in (ClaimNoteOrder, SavedFilterOrder, ProposedDecisionOrder):
    described(_order)


@strawberry.type(description="A note of staff to staff on a claim. No party sees one, or that there is one.")
class ClaimNote(Node):
    """`domain.claim_notes.ClaimNote`."""

    claim: Claim | None = strawberry.field(description="The claim.")
    author_id: strawberry.ID = strawberry.field(description="The member or key that wrote it.")
    text: str = strawberry.field(description="What it says.")
    at: datetime = strawberry.field(description="When it was written.")


@strawberry.type(description="One condition of a saved filter.")
class SavedCondition:
    """`storage.views.desk.Condition`."""

    name: str = strawberry.field(description="The name of the condition in `ClaimFilter`.")
    values: list[str] = strawberry.field(description="What it asks for, as text; one of them where there are several.")


@strawberry.input(description="Which saved filters. What is left out does not matter; conditions add up.")
class SavedFilterFilter:
    """The fields are the filters of `storage/views/desk.py`."""

    mine: bool | None = strawberry.field(default=None, description="Kept by the viewer, or by others.")
    offered: bool | None = strawberry.field(
        default=None, description="The viewer's own and those that colleagues share, or the others."
    )


@strawberry.type(description="Conditions of the list of claims that somebody of the desk keeps under a name.")
class SavedFilter(Node):
    """`domain.saved_filters.SavedFilter`."""

    name: str = strawberry.field(description="What it is called.")
    owner_id: strawberry.ID = strawberry.field(description="The member or key that keeps it.")
    shared: bool = strawberry.field(description="Whether colleagues are offered it.")
    conditions: list[SavedCondition] = strawberry.field(description="What it asks for.")
    saved_at: datetime = strawberry.field(description="When it was saved last.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="A decision above the desk's amount: it waits, or waited, for a second adjudicator.")
class ProposedDecision(Node):
    """`domain.proposals.Proposal`."""

    claim: Claim | None = strawberry.field(description="The claim.")
    outcome: ClaimOutcome = strawberry.field(description="What is proposed.")
    amount: Money = strawberry.field(description="What the decision gives the buyer.")
    note: str = strawberry.field(description="The reasons that both parties will read.")
    state: ProposalState = strawberry.field(description="Where it stands.")
    proposed_by: strawberry.ID = strawberry.field(description="The member or key that proposed it.")
    proposed_at: datetime = strawberry.field(description="When.")
    ended_by: strawberry.ID | None = strawberry.field(
        description="The member or key that confirmed or returned it; null while it waits."
    )
    ended_at: datetime | None = strawberry.field(description="When it ended; null while it waits.")
    reason: str | None = strawberry.field(description="Why it was returned; null where it was not.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule that wants a second adjudicator.")
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.type(description="One thing that waits for the viewer.")
class WorkItem:
    """`storage.views.desk.WorkItem`."""

    kind: WorkKind = strawberry.field(description="What it is.")
    subject: Node | None = strawberry.field(description="The thing itself.")
    title: str = strawberry.field(description="What people call it, in a few words.")
    due_at: datetime | None = strawberry.field(description="Until when somebody must act; null where there is no end.")
    overdue: bool = strawberry.field(description="Whether that instant has passed.")
    because: WorkReason = strawberry.field(description="Why it is in the viewer's list.")


@strawberry.type(description="One place in a list of work, and what stands there.")
class WorkPlace:
    """`storage.views.desk.WorkPlace`."""

    cursor: str = strawberry.field(description="Opaque; good for `after` in this list only.")
    node: WorkItem = strawberry.field(description="What stands at this place.")


@strawberry.type(description="A page of work.")
class WorkPage:
    """`storage.views.desk.WorkPage`."""

    places: list[WorkPlace] = strawberry.field(description="The page, each thing with its cursor.")
    nodes: list[WorkItem] = strawberry.field(description="The page, without cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in the list.")


# -- inputs


@strawberry.input
class _Assignment:
    """What the inputs about who has a claim have in common; → `domain.claims.desk.AssignClaim`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.input(description="Take a claim that nobody has.")
class TakeClaimInput(_Assignment):
    """For `takeClaim`."""

    def command(self) -> AssignClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AssignClaim(read.id(ClaimId, self.claim_id, "claimId"))
        read.done()
        return command


@strawberry.input(description="Give a claim to a colleague.")
class AssignClaimInput(_Assignment):
    """For `assignClaim`."""

    assignee_id: strawberry.ID = strawberry.field(description="The member or key of the desk that shall have it.")
    reason: str | None = strawberry.field(
        default=None, description="Why, as a note for staff; needed where it is taken from somebody."
    )

    def command(self) -> AssignClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AssignClaim(
            read.id(ClaimId, self.claim_id, "claimId"),
            read.take(
                lambda: kind_of(self.assignee_id)(self.assignee_id), "assigneeId", otherwise=Id(self.assignee_id)
            ),
            read.note(self.reason, "reason"),
        )
        read.done()
        return command


@strawberry.input(description="Give a claim back to the queue.")
class ReleaseClaimInput(_Assignment):
    """For `releaseClaim`."""

    reason: str | None = strawberry.field(default=None, description="Why, as a note for staff.")

    def command(self) -> AssignClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AssignClaim(read.id(ClaimId, self.claim_id, "claimId"), reason=read.note(self.reason, "reason"))
        read.done()
        return command


@strawberry.input(description="Take a claim from a colleague.")
class TakeOverClaimInput(_Assignment):
    """For `takeOverClaim`."""

    reason: str = strawberry.field(description="Why, as a note for staff.")

    def command(self) -> AssignClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AssignClaim(
            read.id(ClaimId, self.claim_id, "claimId"), reason=read.required_note(self.reason, "reason")
        )
        read.done()
        return command


@strawberry.input(description="A note for staff.")
class AddClaimNoteInput:
    """→ `domain.claim_notes.AddClaimNote`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    text: str = strawberry.field(description="What it says, at most a page.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> AddClaimNote:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AddClaimNote(read.id(ClaimId, self.claim_id, "claimId"), read.required_note(self.text, "text"))
        read.done()
        return command


@strawberry.type(description="The note and its claim, or why nothing changed.")
class ClaimNotePayload:
    """What `addClaimNote` answers."""

    claim_note: ClaimNote | None = strawberry.field(description="The note; null when nothing changed.")
    claim: Claim | None = strawberry.field(description="The claim, which is as it was; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.input(description="Conditions to keep under a name.")
class SaveFilterInput:
    """→ `domain.saved_filters.SaveFilter`."""

    id: strawberry.ID | None = strawberry.field(
        default=None, description="A filter of one's own whose name, conditions and sharing these replace."
    )
    name: str = strawberry.field(description="What it is called, once per person.")
    filter: ClaimFilter = strawberry.field(description="The conditions: at least one.")
    shared: bool = strawberry.field(default=False, description="Whether colleagues are offered it.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> SaveFilter:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        _look(read, self.filter)
        command = SaveFilter(
            name=read.name(self.name, "name"),
            shared=self.shared,
            conditions=_conditions(self.filter),
            id=read.optional_id(SavedFilterId, self.id, "id"),
        )
        read.done()
        return command


def _look(read: Reader, given: ClaimFilter) -> None:
    """What is wrong with the spelling of the conditions; a list that is asked for shows it by being empty."""
    for name, why in misfits(_conditions(given)):
        read.problems.append(Problem(("filter", name), why))
    for name, amount in (("amountMinorFrom", given.amount_minor_from), ("amountMinorTo", given.amount_minor_to)):
        if amount is not None and amount < 0:
            read.problems.append(Problem(("filter", name), "must not be negative"))


def _conditions(given: ClaimFilter) -> dict[str, Any]:
    """The conditions that are asked for, by their GraphQL names, in JSON's own types."""
    fields = ClaimFilter.__strawberry_definition__.fields  # type: ignore[attr-defined]
    found = {camel(each.python_name): getattr(given, each.python_name) for each in fields}
    return {name: _plain(value) for name, value in found.items() if value is not None}


def camel(name: str) -> str:
    """The GraphQL name of an attribute."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value


@strawberry.type(description="The saved filter, or why nothing changed.")
class SavedFilterPayload:
    """What `saveFilter` answers."""

    saved_filter: SavedFilter | None = strawberry.field(description="The filter; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.input(description="A saved filter that is not needed any more.")
class RemoveFilterInput:
    """→ `domain.saved_filters.RemoveFilter`."""

    id: strawberry.ID = strawberry.field(description="The filter.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RemoveFilter:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RemoveFilter(read.id(SavedFilterId, self.id, "id"))
        read.done()
        return command


@strawberry.type(description="What was removed, or why nothing changed.")
class RemovedFilterPayload:
    """What `removeFilter` answers."""

    removed_id: strawberry.ID | None = strawberry.field(description="The filter's id; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


# -- two adjudicators, and many claims


@strawberry.input(description="The second adjudicator's yes to a proposed decision.")
class ConfirmDecisionInput:
    """→ `domain.proposals.ConfirmDecision`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> ConfirmDecision:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ConfirmDecision(read.id(ClaimId, self.claim_id, "claimId"))
        read.done()
        return command


@strawberry.input(description="A proposed decision goes back to the desk.")
class ReturnDecisionInput:
    """→ `domain.proposals.ReturnDecision`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    reason: str = strawberry.field(description="What is wrong with it, for staff.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> ReturnDecision:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ReturnDecision(read.id(ClaimId, self.claim_id, "claimId"), read.required_note(self.reason, "reason"))
        read.done()
        return command


@strawberry.input(description="Many claims, decided alike: first as a preview, then exactly as previewed.")
class DecideClaimsInput:
    """→ `domain.desk.DecideClaims`."""

    claim_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description=f"Which claims: at most {CLAIMS_MAX}. Either these or `savedFilterId`."
    )
    saved_filter_id: strawberry.ID | None = strawberry.field(
        default=None, description=f"The first {CLAIMS_MAX} claims that a saved filter finds, the most urgent first."
    )
    outcome: ClaimOutcome = strawberry.field(description="What is decided of each; a grant gives what its rule gives.")
    note: str = strawberry.field(description="The reasons in a sentence or more, for both parties; at most a page.")
    dry_run: bool = strawberry.field(
        description="True: nothing is decided; the answer tells what would happen, with a token. False: that happens."
    )
    preview_token: str | None = strawberry.field(
        default=None, description="The token of the preview; needed when it is no dry run."
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> DecideClaims:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = DecideClaims(
            claim_ids=tuple(dict.fromkeys(read.ids(ClaimId, self.claim_ids or (), "claimIds"))),
            saved_filter_id=read.optional_id(SavedFilterId, self.saved_filter_id, "savedFilterId"),
            outcome=self.outcome,
            note=read.required_note(self.note, "note"),
            dry_run=self.dry_run,
            token=self.preview_token,
        )
        read.done()
        return command


@strawberry.type(description="What a bulk decision does, or did, to one claim.")
class ClaimDecisionResult:
    """`One effect of `api/operations/bulk_decisions.py`.`."""

    claim: Claim | None = strawberry.field(description="The claim; null when hidden from the viewer.")
    effect: DecisionEffect = strawberry.field(description="What becomes of it.")
    amount: Money | None = strawberry.field(description="What the buyer gets; null where it is refused.")
    shares: list["DecidedShare"] = strawberry.field(description="Who bears it, in basis points; empty where nobody.")
    because: list[Finding] = strawberry.field(description="Why it is refused, every reason; empty where it is not.")
    message: str | None = strawberry.field(description="The refusal in one sentence; null where there is none.")
    tree: Finding | None = strawberry.field(
        description="Why, as the decision would explain it, where it was a dry run; null where it is refused or waits "
        "for a second adjudicator. What was decided is explained by the claim's `decision`."
    )


@strawberry.type(description="What one bearer bears of a decision.")
class DecidedShare:
    """One of `domain.liability.Shares`."""

    bearer: str = strawberry.field(description="Who bears it: PROVIDER, SUPPLIER, CARRIER, PLATFORM, BUYER, …")
    basis_points: int = strawberry.field(description="Hundredths of a percent of the amount.")


@strawberry.type(description="What a bulk decision does to each claim, or why nothing changed.")
class DecideClaimsPayload:
    """What `decideClaims` answers."""

    claims: list[Claim] | None = strawberry.field(
        description="The claims as they are now, in the order asked for; null when nothing was looked at."
    )
    results: list[ClaimDecisionResult] | None = strawberry.field(
        description="For each claim, in the order asked for; null when nothing was looked at."
    )
    preview_token: str | None = strawberry.field(
        description="Under this token exactly the previewed happens; null where it was no dry run, or nothing would."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class DeskQueries:
    """What the desk reads beside the list of claims itself."""

    saved_filters: Connection[SavedFilter] = listing(
        f"Saved filters of the desk, at most {FILTERS_MAX} of one person; for staff.",
        filter=SavedFilterFilter,
        order=SavedFilterOrder,
    )
    proposed_decisions: Connection[ProposedDecision] = listing(
        "Decisions that wait, or waited, for a second adjudicator; for staff.", order=ProposedDecisionOrder
    )
    my_work: WorkPage | None = field(
        "What waits for the viewer, of every kind in one list, the earliest deadline first: for staff what the viewer "
        "has, and what nobody has that its roles can act on; for a buyer, supplier or provider what the party has to "
        "do. Null for the public.",
        Argument("first", int, f"The page size: 1 to {PAGE_MAX}."),
        Argument("after", str | None, "Only what comes after this cursor."),
        Argument("kinds", list[WorkKind] | None, "Only work of these kinds."),
    )


@strawberry.type
class DeskMutations:
    """What the desk settles among itself, and how it decides together and in bulk."""

    take_claim: ClaimPayload = mutation(
        desk.take_claim, TakeClaimInput, keyed=False, description="The caller has the claim that nobody had."
    )
    assign_claim: ClaimPayload = mutation(
        desk.assign_claim, AssignClaimInput, keyed=False, description="A colleague has the claim."
    )
    release_claim: ClaimPayload = mutation(
        desk.release_claim, ReleaseClaimInput, keyed=False, description="Nobody has the claim that the caller had."
    )
    take_over_claim: ClaimPayload = mutation(
        desk.take_over_claim,
        TakeOverClaimInput,
        keyed=False,
        description="The caller has the claim that a colleague had; the reason stands in its notes.",
    )
    add_claim_note: ClaimNotePayload = mutation(
        desk.add_claim_note,
        AddClaimNoteInput,
        keyed=False,
        description="A note of staff to staff: the claim does not change, and no party ever learns of it.",
    )
    save_filter: SavedFilterPayload = mutation(
        desk.save_filter,
        SaveFilterInput,
        keyed=False,
        description="Conditions of the list of claims are kept under a name, for `claims(savedFilter:)`.",
    )
    remove_filter: RemovedFilterPayload = mutation(
        desk.remove_filter, RemoveFilterInput, keyed=False, description="A saved filter is kept no longer."
    )
    confirm_decision: ClaimPayload = mutation(
        proposals.confirm_decision,
        ConfirmDecisionInput,
        keyed=True,
        description="A second adjudicator confirms what was proposed, and the claim is decided exactly so. Refused "
        "for whoever proposed it, and when the decision would come to another amount by now.",
    )
    return_decision: ClaimPayload = mutation(
        proposals.return_decision,
        ReturnDecisionInput,
        keyed=True,
        description="A proposed decision goes back to the desk with a reason; the claim can be decided anew.",
    )
    decide_claims: DecideClaimsPayload = mutation(
        bulk_decisions.decide_claims,
        DecideClaimsInput,
        keyed=True,
        description="Many claims are decided alike. A dry run tells for each what would happen, and gives a token; "
        "with it exactly that happens. A claim that changed since, or would come to something else, stays as it is "
        "and is named; the others are decided.",
    )
