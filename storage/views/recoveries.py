"""Recoveries, payouts, invoices and payments: what liable parties owe and how it is collected.

The buyer does not see who pays in the end; a liable party sees its own, staff all.
"""

from typing import Final

from domain import payouts, recoveries
from domain.access import ViewerKind
from storage.payouts import PAYOUTS
from storage.recoveries import RECOVERIES
from storage.views.actions import actions
from storage.views.view import Amount, Filter, Listing, Many, One, Point, Root, Sort, Value, View, column, columns

OWN: Final = {
    ViewerKind.STAFF: "true",
    ViewerKind.SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.ENTITLED_SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.PROVIDER: "{t}.provider_id = {party}",
}
PARTY: Final = One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)")
OF_PARTY: Final = Filter("{v} IN ({t}.supplier_id, {t}.provider_id)")

RECOVERY: Final = View(
    type="Recovery",
    table="recoveries",
    visible=OWN,
    fields={
        **columns("id", "state", "fellDueAt", "disputedAt", "disputeReason", "openedAt", "endedAt", "version"),
        "contingent": Amount("{t}.contingent_minor"),
        "due": Amount("{t}.due_minor"),
        "outstanding": Amount("{t}.outstanding_minor"),
        "netted": Amount("{t}.netted_minor"),
        "paid": Amount("{t}.paid_minor"),
        "drawn": Amount("{t}.drawn_minor"),
        "writtenOff": Amount("{t}.written_off_minor"),
        "returned": Amount("{t}.returned_minor"),
        "released": Amount("{t}.released_minor"),
        "claim": One("Claim", "{t}.claim_id"),
        "coupon": One("Coupon", "{t}.coupon_id"),
        "refund": One("Refund", "{t}.refund_id"),
        "shareBp": column("share_bp"),
        "claimNumber": Value(
            "(SELECT m.number FROM claims m WHERE m.tenant_id = {t}.tenant_id AND m.id = {t}.claim_id)"
        ),
        "invoice": One("Invoice", "{t}.invoice_id"),
        "liableParty": PARTY,
        **actions(RECOVERIES, recoveries.moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.opened_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.opened_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "liablePartyId": OF_PARTY,
        "claimId": Filter("{t}.claim_id = {v}"),
    },
)

PAYOUT: Final = View(
    type="Payout",
    table="payouts",
    visible=OWN,
    fields={
        **columns("id", "reference", "state", "announcedAt", "paidAt", "paidReference", "version"),
        "announced": Amount("{t}.announced_minor"),
        "netted": Amount("{t}.netted_minor"),
        "returned": Amount("{t}.returned_minor"),
        "withheld": Amount("{t}.withheld_minor"),
        "payable": Amount("{t}.payable_minor"),
        "liableParty": PARTY,
        **actions(PAYOUTS, payouts.moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.announced_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.announced_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "liablePartyId": OF_PARTY,
        "reference": Filter("{t}.reference = {v}"),
    },
)

INVOICE: Final = View(
    type="Invoice",
    table="invoices",
    visible=OWN,
    fields={
        **columns("id", "number", "state", "issuedAt", "dueAt", "overdueAt", "endedAt", "version"),
        "total": Amount("{t}.total_minor"),
        "open": Amount("{t}.remaining_minor"),
        "liableParty": PARTY,
        "lines": Many("InvoiceLine", "invoice_id", "BY_POSITION"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.issued_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.issued_at", False),)),
    },
    filters={"states": Filter("{t}.state = ANY({v})", "text[]"), "liablePartyId": OF_PARTY},
)

_OF_INVOICE: Final = (
    "EXISTS (SELECT FROM invoices i WHERE i.tenant_id = {{t}}.tenant_id AND i.id = {{t}}.invoice_id"
    " AND i.{} = {{party}})"
)
LINE: Final = View(
    type="InvoiceLine",
    table="invoice_lines",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.SUPPLIER: _OF_INVOICE.format("supplier_id"),
        ViewerKind.ENTITLED_SUPPLIER: _OF_INVOICE.format("supplier_id"),
        ViewerKind.PROVIDER: _OF_INVOICE.format("provider_id"),
    },
    fields={
        **columns("id", "position"),
        "amount": Amount("{t}.amount_minor"),
        "settled": Amount("{t}.settled_minor"),
        "recovery": One("Recovery", "{t}.recovery_id"),
        "claim": One("Claim", "{t}.claim_id"),
        "coupon": One("Coupon", "{t}.coupon_id"),
    },
    sorts={"BY_POSITION": Sort((("{t}.position", False),))},
)

PAYMENT: Final = View(
    type="PartyPayment",
    table="party_payments",
    visible=OWN,
    fields={
        **columns("id", "reference", "receivedAt", "version"),
        "amount": Amount("{t}.amount_minor"),
        "liableParty": PARTY,
        "invoice": One("Invoice", "{t}.invoice_id"),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.received_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.received_at", False),)),
    },
    filters={"liablePartyId": OF_PARTY},
)

VIEWS: Final = (RECOVERY, PAYOUT, INVOICE, LINE, PAYMENT)
ROOTS: Final[dict[str, Root]] = {
    "recovery": Point("Recovery"),
    "recoveries": Listing("Recovery", "NEWEST_FIRST"),
    "payout": Point("Payout"),
    "payouts": Listing("Payout", "NEWEST_FIRST"),
    "invoice": Point("Invoice"),
    "invoices": Listing("Invoice", "NEWEST_FIRST"),
    "partyPayment": Point("PartyPayment"),
    "partyPayments": Listing("PartyPayment", "NEWEST_FIRST"),
}
