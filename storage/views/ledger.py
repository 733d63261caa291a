"""The ledger as finance and liable parties see it: balances, statements, trial balance, transfers with their entries.

Law: of the operator's people finance and administration see the books; a liable party sees its own accounts; to others
they are null.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from domain.access import Caller, Role, ViewerKind
from domain.dates import MICROSECOND
from domain.errors import Conflict, ErrorCode, Invalid, Problem
from domain.ids import KINDS, Id, PartyId, ProviderId, SupplierId, TransferId
from domain.ledger import CLASSES, OF_PARTY, AccountClass, AccountName, Balance, Posting, StatementLine, TrialBalance
from domain.money import CURRENCIES, Money
from storage import ledger
from storage.ledger import Place, Span
from storage.views.view import Answer, Computed, Filter, Listing, One, Point, Root, Row, Sort, View, columns

PAYERS: Final = frozenset({ViewerKind.STAFF, ViewerKind.SUPPLIER, ViewerKind.ENTITLED_SUPPLIER, ViewerKind.PROVIDER})


KEEPERS: Final = frozenset({Role.FINANCE, Role.ADMIN})
"""Who of the operator's people sees the books."""

PAGE_MAX: Final = 100
"""As of every list: a client that wants more asks again with the end cursor, or exports."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One account from an instant until just before another: what it held, a page of what moved it."""

    account: AccountName
    account_class: AccountClass
    party: PartyId | None
    currency: str
    opens_at: datetime
    closes_at: datetime
    opening: Money
    closing: Money
    lines: list[StatementLine]
    has_next_page: bool
    end_cursor: str | None


async def balances(
    connection: Any, _rows: Sequence[Row], viewer: Caller, _at: datetime, arguments: Mapping[str, Any]
) -> list[list[Balance] | None]:
    """All accounts for finance, its own for a liable party; the stripes of an account are one balance."""
    if not keeps_books(viewer) and viewer.viewer is ViewerKind.STAFF:
        return [None]
    party_id = None if viewer.viewer is ViewerKind.STAFF else viewer.party_id
    return [await ledger.balances(connection, viewer.tenant_id, party_id, before=_before(arguments.get("as_of")))]


async def trial_balances(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[list[TrialBalance] | None]:
    """The trial balance of each currency as of an instant."""
    if not keeps_books(viewer):
        return [None]
    as_of = arguments.get("as_of") or at
    return [await ledger.trial_balances(connection, viewer.tenant_id, before=as_of + MICROSECOND, as_of=as_of)]


async def statement(
    connection: Any, _rows: Sequence[Row], viewer: Caller, _at: datetime, arguments: Mapping[str, Any]
) -> list[Statement | None]:
    """A page of an account's statement. Refuses, with every reason, what names no account or no span."""
    span = _span(viewer, arguments)
    if not keeps_books(viewer) and (span.party_id is None or span.party_id != viewer.party_id):
        return [None]
    count = arguments["first"]
    after = arguments.get("after")
    place = None if after is None else _decoded(span, after)
    opening, closing, lines = await ledger.statement(connection, viewer.tenant_id, span, after=place, count=count + 1)
    page = lines[:count]
    return [
        Statement(
            span.account,
            CLASSES[span.account],
            span.party_id,
            span.currency,
            span.opens_at,
            span.closes_at,
            Money(opening, span.currency),
            Money(closing, span.currency),
            page,
            len(lines) > count,
            _encoded(span, page[-1]) if page else None,
        )
    ]


def keeps_books(viewer: Caller) -> bool:
    """Whether the viewer is one of the operator's people who see the books."""
    return viewer.viewer is ViewerKind.STAFF and not KEEPERS.isdisjoint(viewer.roles)


def _before(as_of: datetime | None) -> datetime | None:
    """What happened at the instant itself is part of what stood as of it."""
    return None if as_of is None else as_of + MICROSECOND


def _span(viewer: Caller, arguments: Mapping[str, Any]) -> Span:
    """Which statement is asked for; a party that names nobody means itself."""
    account, currency = AccountName(arguments["account"]), arguments["currency"]
    opens_at, closes_at = arguments["opens_at"], arguments["closes_at"]
    named = arguments.get("party_id")
    party_id = viewer.party_id if named is None and account in OF_PARTY else _party(named)
    problems = []
    if currency not in CURRENCIES:
        problems.append(Problem(("currency",), "There is no such currency."))
    if closes_at < opens_at:
        problems.append(Problem(("closesAt",), "A statement closes no earlier than it opens."))
    if not 1 <= arguments["first"] <= PAGE_MAX:
        problems.append(Problem(("first",), f"The page size is 1 to {PAGE_MAX}."))
    if account in OF_PARTY and party_id is None:
        problems.append(Problem(("partyId",), "This account is kept per liable party: name whose."))
    if account not in OF_PARTY and named is not None:
        problems.append(Problem(("partyId",), "This account is the platform's own: name no party."))
    if problems:
        raise Invalid(*problems)
    return Span(account, party_id if account in OF_PARTY else None, currency, opens_at, closes_at)


def _party(text: str | None) -> PartyId | None:
    if text is None:
        return None
    kind: type[Id] | None = KINDS.get(text.partition("_")[0])
    if kind is None or not issubclass(kind, SupplierId | ProviderId):
        raise Invalid(Problem(("partyId",), "This is not the id of a supplier or provider."))
    try:
        return kind(text)
    except ValueError as reason:
        raise Invalid(Problem(("partyId",), "This is not the id of a supplier or provider.")) from reason


def _mark(span: Span) -> str:
    """What tells the cursors of one statement from those of every other."""
    what = f"{span.account} {span.party_id} {span.currency} {span.opens_at.isoformat()} {span.closes_at.isoformat()}"
    return hashlib.sha256(what.encode()).hexdigest()[:8]


def _encoded(span: Span, line: StatementLine) -> str:
    text = f"{_mark(span)} {line.at.isoformat()} {line.transfer} {line.position}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(span: Span, cursor: str) -> Place:
    """Where the page before ended. Refuses with BAD_CURSOR what this statement did not give."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        mark, at, transfer, position = text.split(" ")
        place = (datetime.fromisoformat(at), str(TransferId(transfer)), int(position))
        if mark == _mark(span) and place[0].utcoffset() == timedelta(0) and 0 <= place[2] < 1 << 15:
            return place
    except ValueError:
        pass  # refused below, as a cursor of another statement is
    raise Conflict("This statement did not give that cursor.", code=ErrorCode.BAD_CURSOR, field=("after",))


async def postings(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Posting]]:
    """The entries of each transfer, debits first."""
    found = await ledger.postings(connection, viewer.tenant_id, [row["id"] for row in rows])
    return [found.get(row["id"], []) for row in rows]


TRANSFER: Final = View(
    type="LedgerTransfer",
    ids=TransferId,
    table="ledger_transfers",
    visible={ViewerKind.STAFF: "true"},
    fields={
        **columns("id", "event", "at"),
        "claim": One("Claim", "{t}.claim_id"),
        "coupon": One("Coupon", "{t}.coupon_id"),
        "redemption": One("Redemption", "{t}.redemption_id"),
        "refund": One("Refund", "{t}.refund_id"),
        "goodwill": One("Goodwill", "{t}.goodwill_id"),
        "decision": One("Decision", "{t}.decision_id"),
        "depositMovement": One("DepositMovement", "{t}.deposit_movement_id"),
        "chargeback": One("Chargeback", "{t}.chargeback_id"),
        "recovery": One("Recovery", "{t}.recovery_id"),
        "payout": One("Payout", "{t}.payout_id"),
        "partyPayment": One("PartyPayment", "{t}.party_payment_id"),
        "carrierClaim": One("CarrierClaim", "{t}.carrier_claim_id"),
        "membership": One("Membership", "{t}.membership_id"),
        "inspection": One("Inspection", "{t}.inspection_id"),
        "reimbursement": One("Reimbursement", "{t}.reimbursement_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "entries": Computed(postings),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.at", False),)),
        "NEWEST_FIRST": Sort((("{t}.at", True),)),
    },
    filters={
        "claimId": Filter("{t}.claim_id = {v}"),
        "couponId": Filter("{t}.coupon_id = {v}"),
        "from": Filter("{t}.at >= {v}", "timestamptz"),
        "before": Filter("{t}.at < {v}", "timestamptz"),
    },
)

VIEWS: Final = (TRANSFER,)
ROOTS: Final[dict[str, Root]] = {
    "ledgerBalances": Answer(balances, PAYERS),
    "ledgerStatement": Answer(statement, PAYERS),
    "ledgerTrialBalance": Answer(trial_balances, frozenset({ViewerKind.STAFF})),
    "ledgerTransfer": Point("LedgerTransfer"),
    "ledgerTransfers": Listing("LedgerTransfer", "NEWEST_FIRST"),
}
