"""Evidence: what the sides of a claim bring to prove their word, and what is still missing (`domain.md` 5, B15).

How it works. A side submits pieces: a kind, files, a note. A piece is fixed from then on: the digests of its files
stand in its audit row, and the database refuses to change or delete it. Staff may ask a side for kinds until an
instant. What is needed at all is told by `domain/evidence_needs.py`.

    request: OPEN -all that was asked for came-> ANSWERED     OPEN -its instant passed-> LAPSED

Laws: a piece never changes; it comes before the decision or, once that is appealed, before the appeal's; a forged
piece stays and is marked by a row of its own, once; only the parties of the claim and staff see any of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.access import Caller, may
from domain.change import Change, Happening
from domain.claims import DECIDABLE, TAKES_EVIDENCE, Claim, ClaimAction, Side, side_of
from domain.copies import replace
from domain.dates import MICROSECOND, rfc3339
from domain.errors import Invalid, Problem, Refused
from domain.evidence_needs import PARTIES, Completeness, EvidenceKind
from domain.explain import Finding, Input, every, unmet
from domain.ids import (
    BuyerId,
    ClaimId,
    DecisionId,
    EvidenceFileId,
    EvidenceId,
    EvidenceMarkId,
    EvidenceRequestId,
    OrderId,
    OrderLineId,
    ProviderId,
    SupplierId,
    UploadId,
)
from domain.money import Money
from domain.moves import Move
from domain.uploads import UploadKind

ITEMS_MAX: Final = 20
"""Pieces of one submission: as many as there are kinds that any reason asks of a side, twice over."""

FILES_MAX: Final = 10
"""Files of one piece: 250 MB at worst."""

PIECES_MAX: Final = 200
"""Pieces of one side in one claim: more is read by nobody, and a claim's file stays one page of lists."""

ASKED_WITHIN_MAX: Final = timedelta(days=30)
"""The longest time that a side is given: longer than any profile lets a decision wait."""

KINDS_ASKED_MAX: Final = 20
"""Kinds of one request."""

SHOWN_MAX: Final = 100
"""Lines of which one piece shows a loss: as many as a claim lists on one page."""

FILES: Final = frozenset({UploadKind.EVIDENCE, UploadKind.INSPECTION})
"""The kinds of upload that evidence is made of."""


class EvidenceRequestState(StrEnum):
    """What became of a request for evidence."""

    OPEN = "OPEN"
    """The side is asked, and its time runs."""
    ANSWERED = "ANSWERED"
    """All that was asked for came."""
    LAPSED = "LAPSED"
    """Its time passed; the marketplace decides without."""


class EvidenceFinding(StrEnum):
    """What was found of a piece of evidence."""

    FORGED = "FORGED"
    """It is forged, false or borrowed."""


class EvidenceAction(StrEnum):
    """What can be done with a piece of evidence; the value is the mutation's name in capitals."""

    FIND_EVIDENCE_FORGED = "FIND_EVIDENCE_FORGED"
    """findEvidenceForged: staff mark it, and whoever brought it bears the consequence."""


# -- rows --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file of a piece, with the digest that it had when it was submitted. Never changes."""

    id: EvidenceFileId
    evidence_id: EvidenceId
    upload_id: UploadId
    position: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ShownLoss:
    """How much of a line's worth is lost, as a piece of evidence shows."""

    line_id: OrderLineId
    amount: Money


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence. The parties are those of its claim; `shows` the losses that it puts a number to.

    Never changes.
    """

    id: EvidenceId
    claim_id: ClaimId
    order_id: OrderId
    buyer_id: BuyerId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    side: Side
    kind: EvidenceKind
    note: str | None
    submitted_at: datetime
    version: int
    shows: tuple[ShownLoss, ...] = ()
    files: tuple[EvidenceFile, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """What the marketplace asked a side of a claim to bring, until when."""

    id: EvidenceRequestId
    claim_id: ClaimId
    order_id: OrderId
    side: Side
    kinds: tuple[EvidenceKind, ...]
    state: EvidenceRequestState
    note: str | None
    asked_at: datetime
    due_at: datetime
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class EvidenceMark:
    """What was found of a piece, and the decision that says why. Never changes."""

    id: EvidenceMarkId
    evidence_id: EvidenceId
    claim_id: ClaimId
    finding: EvidenceFinding
    note: str
    decision_id: DecisionId
    at: datetime
    version: int


# -- wishes ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """A piece as it is brought."""

    kind: EvidenceKind
    upload_ids: tuple[UploadId, ...]
    note: str | None
    shows: tuple[ShownLoss, ...] = ()


@dataclass(frozen=True, slots=True)
class SubmitEvidence:
    """The wish to bring those pieces."""

    claim_id: ClaimId
    items: tuple[NewEvidence, ...]


@dataclass(frozen=True, slots=True)
class RequestEvidence:
    """The wish that a side bring pieces of those kinds until an instant."""

    claim_id: ClaimId
    side: Side
    kinds: tuple[EvidenceKind, ...]
    until: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class FindEvidenceForged:
    """The wish that a piece be marked as forged, and why."""

    evidence_id: EvidenceId
    note: str


# -- what may be done --------------------------------------------------------------------------------------------------


def conditions(claim: Claim, caller: Caller, mutation: str, by: frozenset[Side]) -> tuple[Finding, ...]:
    """Whether the caller may bring or ask for evidence in the claim."""
    return (
        Finding("evidence.role", side_of(claim, caller) in by and may(caller, mutation), "evidence_of_your_side"),
        Finding("evidence.state", claim.state in TAKES_EVIDENCE, "evidence_in_time", {"state": claim.state.value}),
    )


def submittable(claim: Claim, caller: Caller) -> Move:
    """Whether the caller may bring evidence now, and why not."""
    by = frozenset({Side.BUYER, Side.LIABLE_PARTY, Side.STAFF})
    return Move(ClaimAction.SUBMIT_EVIDENCE.value, unmet(conditions(claim, caller, "submitEvidence", by)))


def require_submittable(claim: Claim, caller: Caller) -> None:
    """Nothing, if the caller may bring evidence now. Refuses with every reason, `evidence.state` after a decision."""
    if because := submittable(claim, caller).because:
        raise Refused("evidence.submit", "The claim takes no evidence now.", because)


def requestable(claim: Claim, caller: Caller, at: datetime) -> Move:
    """Whether the caller may ask a side for evidence now, and why not.

    At the instant at which the claim is decided on its file, no time is left that a side could be given.
    """
    findings = conditions(claim, caller, "requestEvidence", frozenset({Side.STAFF}))
    closes_at = _decided_at(claim)
    if closes_at is not None:
        findings = (*findings, _before_decision(claim, at + MICROSECOND))
        closes_at -= MICROSECOND
    return Move(ClaimAction.REQUEST_EVIDENCE.value, unmet(findings), closes_at=closes_at)


def moves(evidence: Evidence, caller: Caller, *, forged: bool) -> tuple[Move, ...]:
    """What the caller may do with the piece, and why not; `forged` says whether it was marked already."""
    findings = (
        Finding(
            "evidence.role",
            caller.is_operator and may(caller, "findEvidenceForged"),
            "evidence_found_by_adjudicators",
        ),
        Finding("evidence.party", evidence.side in PARTIES, "evidence_of_a_party", {"side": evidence.side.value}),
        Finding("evidence.unmarked", not forged, "evidence_not_marked"),
    )
    return (Move(EvidenceAction.FIND_EVIDENCE_FORGED.value, unmet(findings)),)


# -- steps -------------------------------------------------------------------------------------------------------------


def require_pieces(command: SubmitEvidence, present: int, claim: Claim | None = None) -> None:
    """Nothing, if the pieces make sense; `present` is how many this side brought to the claim before.

    Refuses with Invalid, naming each: none or too many, one that is neither a file nor a word, a file named twice, a
    loss of a line that is not the claim's.
    """
    problems = []
    if not 0 < len(command.items) <= ITEMS_MAX:
        problems.append(Problem(("items",), f"1 to {ITEMS_MAX} pieces."))
    elif present + len(command.items) > PIECES_MAX:
        problems.append(Problem(("items",), f"A side brings at most {PIECES_MAX} pieces to a claim; {present} it did."))
    named: set[UploadId] = set()
    for place, item in enumerate(command.items):
        path = ("items", str(place))
        if not item.upload_ids and item.note is None:
            problems.append(Problem(path, "A piece is a file, or words, or both."))
        if len(item.upload_ids) > FILES_MAX:
            problems.append(Problem((*path, "uploadIds"), f"At most {FILES_MAX} files."))
        if not named.isdisjoint(item.upload_ids) or len(set(item.upload_ids)) < len(item.upload_ids):
            problems.append(Problem((*path, "uploadIds"), "Each file is named once."))
        named |= set(item.upload_ids)
        problems += _shown_problems(item.shows, path, claim)
    if problems:
        raise Invalid(*problems)


def _shown_problems(shows: tuple[ShownLoss, ...], path: tuple[str, ...], claim: Claim | None) -> list[Problem]:
    problems = []
    lines = set() if claim is None else {line.line_id for line in claim.lines}
    if len(shows) > SHOWN_MAX:
        problems.append(Problem((*path, "losses"), f"At most {SHOWN_MAX} lines."))
    for place, loss in enumerate(shows[:SHOWN_MAX]):
        where = (*path, "losses", str(place))
        if loss.line_id not in lines:
            problems.append(Problem((*where, "lineId"), "is no line of this claim"))
        if loss.line_id in {before.line_id for before in shows[:place]}:
            problems.append(Problem((*where, "lineId"), "Each line is named once."))
        currency = None if claim is None else claim.amount.currency
        if loss.amount.minor < 0 or loss.amount.currency != currency:
            problems.append(Problem((*where, "amount"), f"An amount of zero or more in {currency}."))
    return problems


def submit_evidence(
    claim: Claim,
    side: Side,
    item: NewEvidence,
    files: tuple[EvidenceFile, ...],
    *,
    id: EvidenceId,
    at: datetime,
) -> Change[Evidence]:
    """The piece is part of the claim's file, for good."""
    piece = Evidence(
        id=id,
        claim_id=claim.id,
        order_id=claim.order_id,
        buyer_id=claim.buyer_id,
        supplier_id=claim.supplier_id,
        provider_id=claim.provider_id,
        side=side,
        kind=item.kind,
        note=item.note,
        submitted_at=at,
        version=1,
        shows=item.shows,
        files=files,
    )
    facts = {
        "claimId": claim.id,
        "orderId": claim.order_id,
        "side": side.value,
        "kind": item.kind.value,
        "files": len(files),
        "sha256": " ".join(file.sha256 for file in files) or None,
    }
    return Change(None, piece, (Happening("evidence.submitted", facts),))


def request_evidence(
    claim: Claim, caller: Caller, command: RequestEvidence, *, id: EvidenceRequestId, at: datetime
) -> Change[EvidenceRequest]:
    """The side is asked for those kinds until that instant.

    Refuses a claim that takes no evidence, and an instant after the one at which the claim is decided on its file;
    with Invalid an instant that is over or too far, and no kind or too many.
    """
    findings = conditions(claim, caller, "requestEvidence", frozenset({Side.STAFF}))
    # An instant that is over is bad input, not the claim's fault, unless none is left that would be good.
    if because := unmet((*findings, _before_decision(claim, max(command.until, at + MICROSECOND)))):
        raise Refused("evidence.request", "Evidence cannot be asked for.", because)
    problems = []
    if command.side not in PARTIES:
        problems.append(Problem(("side",), "Evidence is asked of a party of the claim."))
    if not at < command.until <= at + ASKED_WITHIN_MAX:
        problems.append(Problem(("until",), f"After now, and within {ASKED_WITHIN_MAX.days} days."))
    kinds = tuple(dict.fromkeys(command.kinds))
    if not 0 < len(kinds) <= KINDS_ASKED_MAX:
        problems.append(Problem(("kinds",), f"1 to {KINDS_ASKED_MAX} kinds."))
    if problems:
        raise Invalid(*problems)
    asked = EvidenceRequest(
        id=id,
        claim_id=claim.id,
        order_id=claim.order_id,
        side=command.side,
        kinds=kinds,
        state=EvidenceRequestState.OPEN,
        note=command.note,
        asked_at=at,
        due_at=command.until,
        ended_at=None,
        version=1,
    )
    return Change(None, asked, (_asked("evidence_request.opened", asked),))


def _before_decision(claim: Claim, until: datetime) -> Finding:
    """Whether that instant lies before the one at which the claim is decided without."""
    decided_at = _decided_at(claim)
    inputs: dict[str, Input] = {"until": rfc3339(until)}
    inputs |= {} if decided_at is None else {"decidedAt": rfc3339(decided_at)}
    return Finding("evidence.until", decided_at is None or until <= decided_at, "evidence_before_decision", inputs)


def _decided_at(claim: Claim) -> datetime | None:
    """The last instant before the claim is decided on its file, where that is what comes next."""
    return claim.due_at if claim.state in DECIDABLE else None


def answer_request(
    request: EvidenceRequest, brought: Iterable[Evidence], at: datetime
) -> Change[EvidenceRequest] | None:
    """The request is answered once the side has brought every kind since it was asked; None before."""
    came = {piece.kind for piece in brought if piece.side is request.side and piece.submitted_at >= request.asked_at}
    if request.state is not EvidenceRequestState.OPEN or not came.issuperset(request.kinds):
        return None
    return _ended(request, EvidenceRequestState.ANSWERED, "evidence_request.answered", at)


def lapse_request(request: EvidenceRequest, at: datetime) -> Change[EvidenceRequest] | None:
    """The side's time passed. None where it was answered meanwhile."""
    if request.state is not EvidenceRequestState.OPEN:
        return None
    return _ended(request, EvidenceRequestState.LAPSED, "evidence_request.lapsed", at)


def proven_losses(found: Completeness, pieces: Iterable[Evidence]) -> dict[str, Money]:
    """Line -> what is proven of its loss, where a piece puts a number to it.

    A piece counts if the rule about evidence asks a buyer for its kind in such a claim; whoever is no party goes before
    the buyer, and of either the last word counts. The liable party's own number proves nothing. `pieces` are those that
    were not found forged, in the order in which they came.
    """
    asked = {item.kind for item in found.items if item.side is Side.BUYER}
    proven: dict[Side, dict[str, Money]] = {Side.BUYER: {}, Side.STAFF: {}}
    for piece in pieces:
        if piece.kind in asked and piece.side in proven:
            proven[piece.side] |= {loss.line_id: loss.amount for loss in piece.shows}
    return proven[Side.BUYER] | proven[Side.STAFF]


def find_evidence_forged(
    piece: Evidence, note: str, decision_id: DecisionId, *, id: EvidenceMarkId, at: datetime
) -> Change[EvidenceMark]:
    """The piece stays, and a row of its own says what was found of it."""
    mark = EvidenceMark(id, piece.id, piece.claim_id, EvidenceFinding.FORGED, note, decision_id, at, version=1)
    facts = {"evidenceId": piece.id, "claimId": piece.claim_id, "side": piece.side.value, "kind": piece.kind.value}
    return Change(None, mark, (Happening("evidence.found_forged", facts),))


def forged(evidence: Evidence, note: str) -> Finding:
    """The tree of the finding: whose piece it is, what it consists of, and the reasons in words."""
    inputs: dict[str, Input] = {"side": evidence.side.value, "kind": evidence.kind.value, "note": note}
    files = tuple(
        Finding("evidence.file", True, "evidence_file", {"upload": file.upload_id, "sha256": file.sha256})
        for file in evidence.files
    )
    found = Finding("evidence.genuine", True, "evidence_forged", inputs, because=files)
    side = {"side": evidence.side.value}
    if evidence.side is Side.BUYER:
        consequence = Finding("evidence.consequence", True, "forgery_revokes_tier", side)
    else:
        consequence = Finding("evidence.consequence", True, "forgery_costs_points", side)
    return every("evidence.forged", "evidence_forged_with_consequence", (found, consequence))


def _ended(request: EvidenceRequest, state: EvidenceRequestState, name: str, at: datetime) -> Change[EvidenceRequest]:
    after = replace(request, state=state, ended_at=at, version=request.version + 1)
    return Change(request, after, (_asked(name, after),))


def _asked(name: str, request: EvidenceRequest) -> Happening:
    facts = {"claimId": request.claim_id, "side": request.side.value, "dueAt": rfc3339(request.due_at)}
    return Happening(name, facts)


# -- the pack ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PackEntry:
    """One row of the platform about an order: where it lies, and the SHA-256 of its canonical text.

    A file has its upload's id and its own digest.
    """

    part: str
    id: str
    sha256: str
    at: datetime | None = None
    upload_id: UploadId | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything that the platform holds about an order, part by part and by id; `sha256` is of all entries.

    The same rows give the same pack, byte for byte.
    """

    order_id: OrderId
    entries: tuple[PackEntry, ...] = field(default=())
    sha256: str = ""
