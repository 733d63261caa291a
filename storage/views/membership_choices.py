"""Choices of plans, and what is offered: a merchant sees its own, staff all."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import collection, membership_choices, memberships
from domain.access import Caller
from domain.membership_choices import Offer, Standing
from storage import calendars, rulebook
from storage import membership_choices as choice_rows
from storage import memberships as membership_rows
from storage.views.memberships import MERCHANT, MERCHANTS, merchant
from storage.views.view import Amount, Answer, Filter, Listing, One, Point, Root, Row, Sort, View, columns


async def offers(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[list[Offer] | None]:
    """Every plan as it stands for the merchant: the same findings that choosing it is refused by."""
    supplier_id = merchant(viewer, arguments)
    if supplier_id is None:
        return [None]
    plans = await rulebook.in_force(connection, viewer.tenant_id, memberships.RULE, at)
    collected = await rulebook.in_force(connection, viewer.tenant_id, collection.COLLECTION_RULE, at)
    market = await connection.fetchval("SELECT market FROM tenants WHERE tenant_id = $1", viewer.tenant_id)
    calendar = await calendars.get(connection, market)
    until = collection.invoice_due_at(collection.collection_terms(collected), at, calendar)
    standing = Standing(
        await membership_rows.by_supplier(connection, viewer.tenant_id, supplier_id, at),
        await choice_rows.find_waiting(connection, viewer.tenant_id, supplier_id),
    )
    return [list(membership_choices.offers(memberships.membership_terms(plans), standing, until, at))]


CHOICE: Final = View(
    type="MembershipChoice",
    table="membership_choices",
    visible=MERCHANT,
    fields={
        **columns("id", "plan", "state", "beginsAt", "dueAt", "chosenAt", "endedAt", "version"),
        "fee": Amount("{t}.fee_minor"),
        "supplier": One("Supplier", "{t}.supplier_id"),
        "membership": One("Membership", "{t}.membership_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.chosen_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.chosen_at", False),)),
    },
    filters={
        "supplierId": Filter("{t}.supplier_id = {v}"),
        "states": Filter("{t}.state = ANY({v})", "text[]"),
    },
)

VIEWS: Final = (CHOICE,)
ROOTS: Final[dict[str, Root]] = {
    "membershipChoice": Point("MembershipChoice"),
    "membershipChoices": Listing("MembershipChoice", "NEWEST_FIRST"),
    "membershipOffers": Answer(offers, MERCHANTS),
}
