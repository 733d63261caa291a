"""Buyers' levels as each kind of viewer sees them; reviews of evidence and evaluations, for the buyer and staff.

A level is masked the same way in fields, filters, sorts and counts (`domain/tiers.py`, vector T17): whoever may not
know which level it is gets the label `L1_PLUS`, or nothing, and nothing beside it to conclude from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import buyers, tier_reviews, tiers
from domain.access import Caller, ViewerKind
from domain.buyers import TIER_RULE, Buyer
from domain.clocks import Duty
from domain.errors import Refused
from domain.explain import Finding
from domain.ids import BuyerId, DecisionId
from domain.tiers import Benefit, PaymentTerms, TierLabel, TierTerms
from storage import buyers as buyer_rows
from storage import calendars, clocks, history, rulebook
from storage import tiers as tier_rows
from storage.buyers import BUYERS
from storage.tier_reviews import TIER_REVIEWS
from storage.views.actions import actions
from storage.views.view import Filter, Listing, Many, One, Point, Root, Row, Sort, Sql, Value, View, columns

_EXACT: Final = (
    "{t}.level = ANY (CASE {v} WHEN 'L1_PLUS' THEN ARRAY[1, 2, 3, 4] ELSE ARRAY[right({v}, 1)::integer] END)"
)
_ROUGH: Final = "{t}.level = ANY (CASE {v} WHEN 'L0' THEN ARRAY[0] ELSE ARRAY[1, 2, 3, 4] END)"

LEVEL_FILTER: Final[Sql] = {
    ViewerKind.STAFF: _EXACT,
    ViewerKind.BUYER: _EXACT,
    ViewerKind.ENTITLED_SUPPLIER: _EXACT,
    ViewerKind.SUPPLIER: _ROUGH,
}
"""Whoever sees levels roughly asks roughly: L4 means L1_PLUS. Whoever sees none may not ask."""

LEVEL_SORT: Final[Sql] = {
    ViewerKind.STAFF: "{t}.level",
    ViewerKind.BUYER: "{t}.level",
    ViewerKind.ENTITLED_SUPPLIER: "{t}.level",
    ViewerKind.SUPPLIER: "least({t}.level, 1)",
    ViewerKind.PROVIDER: "0::integer",  # a bare number would be a column's place to ORDER BY
    ViewerKind.PUBLIC: "0::integer",
}
EXACTLY: Final = frozenset({ViewerKind.STAFF, ViewerKind.BUYER, ViewerKind.ENTITLED_SUPPLIER})
OWN: Final = frozenset({ViewerKind.STAFF, ViewerKind.BUYER})
"""Whoever sees, beside a level, how the buyer comes to it and what is still missing."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What a buyer was told."""

    level: TierLabel
    at: datetime
    because: Finding | None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What is missing for a level."""

    to_level: TierLabel
    because: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Tier:
    """A buyer's level as it is shown: the label, and beside it only what the viewer may conclude from."""

    level: TierLabel
    since: datetime | None = None
    because: Finding | None = None
    benefits: list[Benefit] | None = None
    quote_discount_bp: int | None = None
    payment_terms: PaymentTerms | None = None
    priority: int | None = None
    shortfall: Shortfall | None = None
    pending: Pending | None = None
    next_review_at: datetime | None = None
    takes_upgrades: bool | None = None


async def shown_tiers(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[Tier | None]:
    """Each buyer's level behind the viewer's mask; with `asOf`, as it was then."""
    as_of: datetime | None = arguments.get("as_of")
    found: list[Buyer | None] = [BUYERS.decode(row) for row in rows]
    if as_of is not None and as_of < at:
        at, found = as_of, []
        for row in rows:
            past = await history.as_of(connection, viewer.tenant_id, BUYERS, row["id"], at)
            found.append(past)
    if viewer.viewer not in EXACTLY:
        labels = [None if buyer is None else tiers.mask(buyer.level, viewer.viewer) for buyer in found]
        return [None if label is None else Tier(label) for label in labels]
    terms = await _terms(connection, viewer, at)
    known = [buyer for buyer in found if buyer is not None]
    decisions = {id for buyer in known for id in (buyer.level_decision_id, buyer.pending_decision_id) if id is not None}
    reasons = await buyer_rows.reasons(connection, viewer.tenant_id, decisions) if decisions else {}
    own = [buyer for buyer in known if viewer.viewer in OWN]
    whole = {} if terms is None or not own else await _own(connection, viewer, own, terms, at)
    return [None if buyer is None else _shown(buyer, terms, reasons, whole.get(buyer.id, {})) for buyer in found]


def _shown(
    buyer: Buyer, terms: TierTerms | None, reasons: Mapping[DecisionId, Finding], own: Mapping[str, Any]
) -> Tier:
    step = None if terms is None else terms.levels[buyer.level]
    return Tier(
        tiers.LABELS[buyer.level],
        buyer.level_since,
        None if buyer.level_decision_id is None else reasons.get(buyer.level_decision_id),
        None if terms is None else sorted(tiers.benefits(terms, buyer.level)),
        quote_discount_bp=None if step is None else step.quote_discount_bp,
        payment_terms=None if step is None else step.payment_terms,
        priority=None if step is None else step.priority,
        pending=_pending(buyer, reasons) if own else None,
        **own,
    )


def _pending(buyer: Buyer, reasons: Mapping[DecisionId, Finding]) -> Pending | None:
    if buyer.pending_level is None or buyer.pending_at is None or buyer.pending_decision_id is None:
        return None
    return Pending(tiers.LABELS[buyer.pending_level], buyer.pending_at, reasons.get(buyer.pending_decision_id))


async def _own(
    connection: Any, viewer: Caller, found: Sequence[Buyer], terms: TierTerms, at: datetime
) -> dict[BuyerId, dict[str, Any]]:
    """What only the buyer itself and staff see: what is missing for the next level, and when it is looked at again."""
    reading = await clocks.read_clock(connection, viewer.tenant_id)
    calendar = await calendars.get(connection, reading.tenant.market)
    looks = await tier_rows.looks(
        connection, viewer.tenant_id, found, terms, at=at, calendar=calendar, decided_by=viewer.actor_id
    )
    due = [clock.due_at for clock in await clocks.live_of(connection, viewer.tenant_id, Duty.EVALUATE_TIERS)]
    return {
        buyer.id: {
            "shortfall": _shortfall(terms, buyer, looks[buyer.id]),
            "next_review_at": min([*due, *([] if buyer.pending_at is None else [buyer.pending_at])], default=None),
            "takes_upgrades": buyer.takes_upgrades,
        }
        for buyer in found
    }


def _shortfall(terms: TierTerms, buyer: Buyer, look: buyers.Look) -> Shortfall | None:
    """For the next level up; None on the highest."""
    above = buyer.level + 1
    if above >= len(terms.levels):
        return None
    missing = tiers.shortfall(terms, look.facts, above, look.at, look.calendar)
    return Shortfall(tiers.LABELS[above], missing)


async def _terms(connection: Any, viewer: Caller, at: datetime) -> TierTerms | None:
    """The tier rule in force; None where a marketplace has none, so that no level brings anything."""
    try:
        return tiers.tier_terms(await rulebook.in_force(connection, viewer.tenant_id, TIER_RULE, at))
    except Refused:
        return None


# -- reviews and evaluations -----------------------------------------------------------------------------------------

_MINE: Final = {ViewerKind.STAFF: "true", ViewerKind.BUYER: "{t}.buyer_id = {party}"}

TIER_REVIEW: Final = View(
    type="TierReview",
    table="tier_reviews",
    visible=_MINE,
    fields={
        **columns("id", "identity", "state", "reason", "submittedAt", "dueAt", "decidedAt", "version"),
        "reviewerId": Value({ViewerKind.STAFF: "{t}.reviewer_id"}),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "decision": One("Decision", "{t}.decision_id"),
        "items": Many("TierEvidence", "review_id", "OLDEST_FIRST"),
        **actions(TIER_REVIEWS, tier_reviews.moves),
    },
    sorts={
        "MOST_URGENT_FIRST": Sort((("coalesce({t}.due_at, 'infinity')", False),)),
        "NEWEST_FIRST": Sort((("{t}.id", True),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "buyerId": Filter("{t}.buyer_id = {v}"),
        "reviewerId": Filter({ViewerKind.STAFF: "{t}.reviewer_id = {v}"}),
        "dueBefore": Filter("{t}.due_at < {v}", "timestamptz"),
    },
)

TIER_EVIDENCE: Final = View(
    type="TierEvidence",
    table="tier_evidence",
    visible=_MINE,
    fields={
        **columns("id", "evidence", "statement", "submittedAt", "accepted", "verifiedAt"),
        "upload": One("Upload", "{t}.upload_id"),
        "review": One("TierReview", "{t}.review_id"),
    },
    sorts={"OLDEST_FIRST": Sort((("{t}.id", False),))},
)

TIER_SWEEP: Final = View(
    type="TierSweep",
    table="tier_sweeps",
    visible={ViewerKind.STAFF: "true"},
    fields=columns("id", "state", "lookedAt", "buyers", "upgrades", "downgrades", "confirmed", "endedAt", "version"),
    sorts={"NEWEST_FIRST": Sort((("{t}.id", True),))},
)

VIEWS: Final = (TIER_REVIEW, TIER_EVIDENCE, TIER_SWEEP)
ROOTS: Final[dict[str, Root]] = {
    "tierReview": Point("TierReview"),
    "tierReviews": Listing("TierReview", "MOST_URGENT_FIRST"),
    "tierSweep": Point("TierSweep"),
    "tierSweeps": Listing("TierSweep", "NEWEST_FIRST"),
}
