"""The ledger as staff and liable parties see it: balances per account, and transfers with their entries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain.access import Caller, ViewerKind
from domain.ids import TransferId
from domain.ledger import Balance, Posting
from storage import ledger
from storage.views.view import Answer, Computed, Filter, Listing, One, Point, Root, Row, Sort, View, columns

PAYERS: Final = frozenset({ViewerKind.STAFF, ViewerKind.SUPPLIER, ViewerKind.ENTITLED_SUPPLIER, ViewerKind.PROVIDER})


async def balances(
    connection: Any, _rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Balance]]:
    """All accounts for staff, its own for a liable party; the stripes of an account are one balance."""
    party_id = None if viewer.viewer is ViewerKind.STAFF else viewer.party_id
    return [await ledger.balances(connection, viewer.tenant_id, party_id)]


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
        "decision": One("Decision", "{t}.decision_id"),
        "depositMovement": One("DepositMovement", "{t}.deposit_movement_id"),
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
    "ledgerTransfer": Point("LedgerTransfer"),
    "ledgerTransfers": Listing("LedgerTransfer", "NEWEST_FIRST"),
}
