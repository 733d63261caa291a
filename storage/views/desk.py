"""The desk's own things, for staff alone: notes on claims, saved filters, proposed decisions, and whose work is what.

`myWork` is one list over several tables. Each kind of work is a row of `SOURCES`: which rows of which table wait for
staff of which roles, and who has them, or for which party. A page takes the first rows of each kind in the order of
that kind's index, once for what the viewer has and once for what nobody has, and merges them: what it costs does not
grow with the tables.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from domain.access import ACTIONS, PARTY, Caller, Role, ViewerKind
from domain.claims import TAKES_EVIDENCE, Side
from domain.clocks import Duty
from domain.errors import Invalid, Problem
from domain.ids import ProposalId
from storage.paging import PageInfo
from storage.saved_filters import SAVED_FILTERS
from storage.views.view import Amount, Answer, Computed, Filter, Listing, One, Root, Row, Sort, View, columns

STAFF: Final = frozenset({ViewerKind.STAFF})
PARTIES: Final = frozenset(ViewerKind) - {ViewerKind.STAFF, ViewerKind.PUBLIC}
VISIBLE: Final = {ViewerKind.STAFF: "true"}

PAGE_MAX: Final = 100
"""The largest page of work, as of every list."""

CLAIM_NOTE: Final = View(
    type="ClaimNote",
    table="claim_notes",
    visible=VISIBLE,
    fields={**columns("id", "text", "at", "authorId"), "claim": One("Claim", "{t}.claim_id")},
    sorts={
        "OLDEST_FIRST": Sort((("{t}.at", False),)),
        "NEWEST_FIRST": Sort((("{t}.at", True),)),
    },
)


async def conditions(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list["Condition"]]:
    """What each saved filter asks for."""
    saved = (SAVED_FILTERS.decode(row) for row in rows)
    return [[Condition(name, _spelled(value)) for name, value in each.conditions.items()] for each in saved]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a saved filter: the name of the list's filter, and what it asks for."""

    name: str
    values: list[str]


def _spelled(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


SAVED_FILTER: Final = View(
    type="SavedFilter",
    table="saved_filters",
    visible={ViewerKind.STAFF: "{t}.removed_at IS NULL"},
    fields={
        **columns("id", "name", "ownerId", "shared", "savedAt", "version"),
        "conditions": Computed(conditions, needs=SAVED_FILTERS.names),
    },
    sorts={"BY_NAME": Sort((("{t}.name", False),))},
    filters={
        "mine": Filter({ViewerKind.STAFF: "({t}.owner_id = {actor}) = {v}"}, "boolean"),
        "offered": Filter({ViewerKind.STAFF: "({t}.shared OR {t}.owner_id = {actor}) = {v}"}, "boolean"),
    },
)

PROPOSAL: Final = View(
    type="ProposedDecision",
    ids=ProposalId,
    table="proposals",
    visible=VISIBLE,
    fields={
        **columns("id", "outcome", "note", "state", "proposedBy", "proposedAt", "endedBy", "endedAt", "reason"),
        **columns("version"),
        "amount": Amount("{t}.amount_minor"),
        "claim": One("Claim", "{t}.claim_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.proposed_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.proposed_at", True),)),
    },
)


# -- work


class WorkKind(StrEnum):
    """What a piece of work is about."""

    TAKE_UP_CLAIM = "TAKE_UP_CLAIM"
    """A claim waits to be taken up: both sides are then asked for evidence."""
    DECIDE_CLAIM = "DECIDE_CLAIM"
    """A claim waits for its decision."""
    SECOND_EYES = "SECOND_EYES"
    """A proposed decision waits for a second adjudicator."""
    TIER_REVIEW = "TIER_REVIEW"
    """Evidence for a buyer's level waits to be looked at."""
    ONBOARDING_REVIEW = "ONBOARDING_REVIEW"
    """A provider's application waits to be reviewed."""
    LISTING_FLAG = "LISTING_FLAG"
    """A listing was flagged: it is enforced when its time is over, unless it is put right or dismissed."""
    APPEAL = "APPEAL"
    """An appeal waits to be admitted, taken or decided; never shown to whoever decided first."""
    INSPECTION = "INSPECTION"
    """The report of an inspection is awaited."""
    REFUND = "REFUND"
    """A refund is to be paid: the payment system's report that it was is awaited."""
    CARRIER_CLAIM = "CARRIER_CLAIM"
    """Something has to be done about a claim against a carrier before a deadline."""
    CHARGEBACK = "CHARGEBACK"
    """A merchant's pack waits to be looked at, or the cardholder's bank did not give in and must be answered."""
    COMPENSATION = "COMPENSATION"
    """A promise to the buyer was broken: it may apply for compensation until its window closes."""
    EVIDENCE_PACK = "EVIDENCE_PACK"
    """The merchant must accept a chargeback or defend itself, before the marketplace's own deadline for it."""
    EVIDENCE_REQUEST = "EVIDENCE_REQUEST"
    """The marketplace asked a side of a claim for evidence."""
    EVIDENCE_ROUND = "EVIDENCE_ROUND"
    """Both sides of a claim are to bring their evidence, and this side has not said that it brought everything."""


class WorkReason(StrEnum):
    """Why a piece of work is in somebody's list."""

    YOURS = "YOURS"
    """You have it."""
    NOBODYS = "NOBODYS"
    """Nobody has it, and your role can act on it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where one kind of work comes from, in SQL over the row `w`; `due`, `rank` and the id follow an index of `waits`.

    `assignee` is what the index begins with, empty for nobody; None where nobody takes work of this kind. `party` says
    instead that it is the duty of the party $2. `subject` is the thing that waits.
    """

    table: str
    roles: frozenset[Role]
    waits: str
    title: str
    due: str = "w.due_at"
    assignee: str | None = None
    rank: str = "0::smallint"
    party: str | None = None
    subject: str = "w.id"


_DESK: Final = frozenset({Role.SUPPORT, Role.POLICY, Role.ADMIN})


def _claims(duty: Duty, *roles: Role) -> Source:
    """Claims that wait for the desk with that duty."""
    return Source(
        "claims",
        frozenset(roles),
        f"w.state IN ('ESCALATED', 'UNDER_DECISION') AND w.proposal_id IS NULL AND w.duty = '{duty}'",
        "w.number || ' ' || w.reason",
        due="w.urgent_at",
        assignee="w.held_by",
        rank="w.queue_rank",
    )


def _round(role: Role, column: str, side: Side) -> Source:
    """Claims in which both sides are asked for evidence, for the party in that column of theirs."""
    return Source(
        "claims",
        frozenset({role}),
        f"w.state = 'EVIDENCE_DUE' AND '{side}' <> ALL (w.heard)",
        "w.number || ' ' || w.reason",
        party=f"w.{column} = $2",
    )


_REQUEST: Final = (
    "FROM evidence_requests e JOIN claims c ON c.tenant_id = e.tenant_id AND c.id = e.claim_id "
    "WHERE e.tenant_id = w.tenant_id AND e.id = w.subject_id"
)
"""The request for evidence that a clock is about, with its claim."""

_OF_REFUND: Final = "FROM claims c WHERE c.tenant_id = w.tenant_id AND c.id = w.claim_id"
"""The claim that a refund is for; out of goodwill there may be none."""

_TAKES: Final = ", ".join(f"'{state}'" for state in sorted(TAKES_EVIDENCE))

SOURCES: Final[Mapping[WorkKind, tuple[Source, ...]]] = {
    WorkKind.TAKE_UP_CLAIM: (_claims(Duty.TAKE_UP_CLAIM, Role.SUPPORT, Role.ADJUDICATOR),),
    WorkKind.DECIDE_CLAIM: (_claims(Duty.DECIDE_CLAIM, Role.ADJUDICATOR),),
    WorkKind.SECOND_EYES: (
        Source(
            "claims",
            frozenset({Role.ADJUDICATOR}),
            "w.state IN ('ESCALATED', 'UNDER_DECISION') AND w.proposal_id IS NOT NULL AND w.proposed_by <> $2",
            "w.number || ' ' || w.reason",
            due="w.urgent_at",
            rank="w.queue_rank",
        ),
    ),
    WorkKind.TIER_REVIEW: (
        Source(
            "tier_reviews",
            _DESK,
            "w.state IN ('EVIDENCE_SUBMITTED', 'UNDER_REVIEW')",
            "w.identity",
            assignee="CASE WHEN w.reviewer_id IS NULL THEN '' ELSE w.reviewer_id END",
        ),
    ),
    WorkKind.ONBOARDING_REVIEW: (
        Source(
            "reviews",
            _DESK,
            "w.state = 'OPEN'",
            "w.kind || ' ' || w.country",
            assignee="CASE WHEN w.assignee_id IS NULL THEN '' ELSE w.assignee_id END",
        ),
    ),
    WorkKind.LISTING_FLAG: (Source("listing_flags", _DESK, "w.state = 'OPEN'", "w.cause"),),
    WorkKind.APPEAL: (
        Source(
            "appeals",
            _DESK | {Role.ADJUDICATOR},
            "w.state IN ('FILED', 'ADMISSIBLE', 'UNDER_REVIEW') AND w.due_at IS NOT NULL "
            "AND w.first_decider IS DISTINCT FROM $2",
            "w.number || ' ' || w.subject_kind",
            assignee="CASE WHEN w.reviewer_id IS NULL THEN '' ELSE w.reviewer_id END",
        ),
    ),
    WorkKind.INSPECTION: (
        Source("inspections", frozenset({Role.SUPPORT, Role.ADJUDICATOR}), "w.state = 'ORDERED'", "w.company_name"),
    ),
    WorkKind.REFUND: (
        Source(
            "refunds",
            ACTIONS["recordRefundPaid"],
            "w.state IN ('DECIDED', 'FAILED')",
            f"coalesce((SELECT c.number {_OF_REFUND}), 'goodwill') || ' ' || w.state",
            due="w.urgent_at",
        ),
    ),
    WorkKind.CARRIER_CLAIM: (
        Source(
            "carrier_claims",
            frozenset({Role.SUPPORT, Role.FINANCE, Role.ADMIN}),
            "w.due_at IS NOT NULL AND w.ended_at IS NULL",
            "w.regime || ' ' || w.kind",
        ),
    ),
    WorkKind.CHARGEBACK: (
        Source(
            "chargebacks",
            ACTIONS["representChargeback"],
            "(w.state = 'PLATFORM_CHECK' OR (w.state = 'PRE_ARBITRATION' AND NOT w.contested))",
            "w.number || ' ' || w.scheme",
        ),
    ),
    WorkKind.COMPENSATION: (
        Source(
            "coverages",
            frozenset({Role.BUYER}),
            "w.state = 'IN_FORCE' AND w.offered_at IS NOT NULL",
            "(SELECT o.reference || ' ' || w.promise FROM orders o "
            "WHERE o.tenant_id = w.tenant_id AND o.id = w.order_id)",
            due="w.closes_at",
            party="w.buyer_id = $2",
        ),
    ),
    WorkKind.EVIDENCE_PACK: (
        Source(
            "chargebacks",
            ACTIONS["submitEvidencePack"],
            "w.state IN ('EVIDENCE_DUE', 'INSUFFICIENT')",
            "w.number || ' ' || w.scheme",
            party="w.supplier_id = $2",
        ),
    ),
    WorkKind.EVIDENCE_REQUEST: (
        Source(
            "clocks",
            PARTY,
            f"w.state = 'RUNNING' AND w.duty = '{Duty.BRING_EVIDENCE}' "
            f"AND EXISTS (SELECT {_REQUEST} AND c.state IN ({_TAKES}))",
            f"(SELECT c.number || ' ' || array_to_string(e.kinds, ' ') {_REQUEST})",
            party="w.party_id = $2",
            subject="w.subject_id",
        ),
    ),
    WorkKind.EVIDENCE_ROUND: (
        _round(Role.BUYER, "buyer_id", Side.BUYER),
        _round(Role.SUPPLIER, "supplier_id", Side.LIABLE_PARTY),
        _round(Role.PROVIDER, "provider_id", Side.LIABLE_PARTY),
    ),
}
"""Every kind of work and where it comes from. A noun whose things wait for somebody adds a member and a row here."""
assert SOURCES.keys() == set(WorkKind)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing that waits for the viewer."""

    kind: WorkKind
    subject: str
    title: str
    due_at: datetime | None
    overdue: bool
    because: WorkReason


@dataclass(frozen=True, slots=True)
class WorkPlace:
    """One place in the list: its items are of many kinds and no nodes, so it is not called an edge."""

    cursor: str
    node: WorkItem


@dataclass(frozen=True, slots=True)
class WorkPage:
    """A page of work."""

    places: list[WorkPlace]
    nodes: list[WorkItem]
    page_info: PageInfo


async def my_work(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[WorkPage]:
    """What waits for the member of the desk or for the party that it acts for, the earliest deadline first."""
    size: int = arguments["first"]
    if not 1 <= size <= PAGE_MAX:
        raise Invalid(Problem(("first",), f"A page of work has 1 to {PAGE_MAX} pieces."))
    after = None if arguments.get("after") is None else _place(arguments["after"])
    kinds = arguments.get("kinds") or list(WorkKind)
    wanted = [
        (kind, source)
        for kind, sources in SOURCES.items()
        for source in sources
        if kind in kinds and source.roles & viewer.roles and (source.party is None) == (viewer.party_id is None)
    ]
    found: list[Any] = []
    if wanted:
        text = statement(wanted, bounded=after is not None)
        whose = viewer.party_id or viewer.actor_id
        found = await connection.fetch(text, viewer.tenant_id, whose, size + 1, *(after or ()))
    places = [
        WorkPlace(
            cursor(row["due_at"], row["queue_rank"], row["id"]),
            WorkItem(
                WorkKind(row["kind"]),
                row["subject"],
                row["title"],
                None if _endless(row["due_at"]) else row["due_at"],
                not _endless(row["due_at"]) and row["due_at"] < at,
                WorkReason(row["because"]),
            ),
        )
        for row in found[:size]
    ]
    ends = (places[0].cursor, places[-1].cursor) if places else (None, None)
    info = PageInfo(len(found) > size, after is not None, *ends)
    return [WorkPage(places, [place.node for place in places], info)]


def statement(wanted: Sequence[tuple[WorkKind, Source]], *, bounded: bool) -> str:
    """The first $3 rows of those kinds for the actor or party $2 of tenant $1, where bounded after ($4, $5, $6)."""
    parts: list[str] = []
    for kind, source in wanted:
        reasons: dict[WorkReason, str] = {WorkReason.NOBODYS: "true"}
        if source.party is not None:
            reasons = {WorkReason.YOURS: source.party}
        elif source.assignee is not None:
            reasons = {
                WorkReason.YOURS: f"{source.assignee} = $2",
                WorkReason.NOBODYS: f"{source.assignee} = ''",
            }
        beyond = f" AND ({source.due}, {source.rank}, w.id) > ($4, $5, $6)" if bounded else ""
        order = f"{source.due}, {source.rank}, w.id"
        for because, whose in reasons.items():
            shown = f"'{kind}' AS kind, w.id AS id, {source.subject} AS subject, {source.title} AS title"
            parts.append(
                f"(SELECT {shown}, {source.due} AS due_at, {source.rank} AS queue_rank, '{because}' AS because "
                f"FROM {source.table} w "
                f"WHERE w.tenant_id = $1 AND $2::text IS NOT NULL AND {source.waits} AND {whose}{beyond} "
                f"ORDER BY {order} LIMIT $3::integer)"
            )
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) work ORDER BY due_at, queue_rank, id LIMIT $3::integer"


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _endless(at: datetime) -> bool:
    return at.tzinfo is None or at.year == datetime.max.year  # noqa: DTZ901 - how asyncpg spells infinity


def cursor(due_at: datetime, rank: int, id: str) -> str:
    """Where a page of work ends: opaque to clients."""
    instant = "" if _endless(due_at) else str((due_at - _EPOCH) // timedelta(microseconds=1))
    return urlsafe_b64encode(f"w1:{instant}:{rank}:{id}".encode()).rstrip(b"=").decode()


def _place(text: str) -> tuple[datetime, int, str]:
    """The place of a cursor. Refuses with Invalid what is none."""
    try:
        version, instant, rank, id = (
            urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode().split(":")
        )
        if version != "w1" or "\0" in id:
            raise ValueError(version)
        due_at = _EPOCH + timedelta(microseconds=int(instant)) if instant else datetime.max  # noqa: DTZ901
        place = int(rank)
    except (ValueError, OverflowError) as reason:
        raise Invalid(Problem(("after",), "is not a cursor of this list")) from reason
    return due_at, place, id


VIEWS: Final = (CLAIM_NOTE, SAVED_FILTER, PROPOSAL)
ROOTS: Final[dict[str, Root]] = {
    "savedFilters": Listing("SavedFilter", "BY_NAME"),
    "proposedDecisions": Listing("ProposedDecision", "OLDEST_FIRST"),
    "myWork": Answer(my_work, STAFF | PARTIES),
}
