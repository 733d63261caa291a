"""A small marketplace of the engine's own: every sort of field, every kind of viewer, two tenants, two parties each.

It depends on nobody else's tables, so that what the engine means is tested apart from what the platform shows.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated, Any, Final

import strawberry

from api.schema.arguments import Argument, field
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.mutation import mutation
from api.schema.node import Node, NodeQueries
from api.schema.scalars import CountryCode, Money
from api.schema.schema import Contract, Noun, contract
from api.schema.stream import subscription
from domain import explain, money
from domain.access import Caller, ViewerKind
from domain.errors import Invalid, NotFound, Problem, Refused
from domain.ids import (
    BuyerId,
    ClaimId,
    EventId,
    ProviderId,
    SupplierId,
)
from storage.unit_of_work import Outcome, Work
from storage.views.view import (
    Amount,
    Answer,
    Computed,
    Filter,
    Listing,
    Many,
    One,
    Point,
    Root,
    Row,
    Sort,
    Value,
    View,
    column,
    columns,
)

MODULE: Final = "tests.engine.bazaar"
STAFF, BUYER, SUPPLIER, PROVIDER, PUBLIC = (
    ViewerKind.STAFF,
    ViewerKind.BUYER,
    ViewerKind.SUPPLIER,
    ViewerKind.PROVIDER,
    ViewerKind.PUBLIC,
)


# -- the contract


class State(enum.StrEnum):
    """Where a case stands."""

    OPEN = "OPEN"
    """Not done."""
    DONE = "DONE"
    """Done."""


class CaseOrder(enum.StrEnum):
    """Orders of cases: the view's sorts."""

    URGENT = "URGENT"
    """By due date."""
    NEWEST = "NEWEST"
    """Last opened first."""
    MIXED = "MIXED"
    """By state, then rank downwards."""
    LEVEL = "LEVEL"
    """By what the viewer sees of the level."""


described(State)
described(CaseOrder)
described(ViewerKind)


@strawberry.input(description="Conditions on cases.")
class CaseFilter:
    """Names are the view's filters."""

    state: State | None = strawberry.field(description="In this state.", default=None)
    states: list[State] | None = strawberry.field(description="In one of these.", default=None)
    due_before: datetime | None = strawberry.field(description="Due before.", default=None)
    rank: int | None = strawberry.field(description="Of this rank.", default=None)
    level: int | None = strawberry.field(description="Whose shopper has this level; staff only.", default=None)


@strawberry.type(description="A maker of goods.")
class Maker(Node):
    """Seen by all."""

    name: str = strawberry.field(description="Name.")
    country: CountryCode | None = strawberry.field(description="Country.")
    margin: int | None = strawberry.field(description="Staff and the maker alone.")
    cases: Connection[Annotated[Case, strawberry.lazy(MODULE)]] = connection("Cases.", order=CaseOrder)


@strawberry.type(description="A carrier of goods.")
class Carrier(Node):
    """Seen by staff and itself."""

    name: str = strawberry.field(description="Name.")
    cases: Connection[Annotated[Case, strawberry.lazy(MODULE)]] = connection("Cases.", filter=CaseFilter)


Liable = Annotated[Maker | Carrier, strawberry.union("Liable", description="Who pays.")]


@strawberry.type(description="A buyer.")
class Shopper(Node):
    """Level is masked for makers."""

    name: str = strawberry.field(description="Name.")
    level: int | None = strawberry.field(description="Exact for staff and the shopper, coarse for makers.")
    cases: Connection[Annotated[Case, strawberry.lazy(MODULE)]] = connection(
        "Cases.", filter=CaseFilter, order=CaseOrder
    )


@strawberry.type(description="A remark on a case.")
class Remark(Node):
    """Many per case."""

    text: str | None = strawberry.field(description="Text.")
    at: datetime = strawberry.field(description="When.")
    case: Annotated[Case, strawberry.lazy(MODULE)] = strawberry.field(description="On what.")


@strawberry.type(description="A step that may be taken.")
class Step:
    """A value with a thing in it."""

    name: str = strawberry.field(description="Name.")
    weight: Decimal = strawberry.field(description="How much it matters.")
    about: Annotated[Case, strawberry.lazy(MODULE)] | None = strawberry.field(description="Another case.")
    because: list[Finding] = strawberry.field(description="Why.")


@strawberry.type(description="A quarrel.")
class Case(Node):
    """Everything the engine can do hangs on it."""

    number: str = strawberry.field(description="Number.")
    state: State = strawberry.field(description="State.")
    rank: int = strawberry.field(description="Rank.")
    tags: list[str] = strawberry.field(description="Tags.")
    amount: Money = strawberry.field(description="Amount.")
    fee: Money | None = strawberry.field(description="Fee; staff only.")
    opened_at: datetime = strawberry.field(description="Opened.")
    due_at: datetime | None = strawberry.field(description="Due.")
    rate: Decimal | None = strawberry.field(description="A numeric column.")
    shopper: Shopper = strawberry.field(description="Whose; providers cannot see shoppers.")
    maker: Maker | None = strawberry.field(description="Of whom.")
    liable: Liable = strawberry.field(description="Who pays.")
    subject: Node | None = strawberry.field(description="Anything at all.")
    parent: Annotated[Case, strawberry.lazy(MODULE)] | None = strawberry.field(description="The case before.")
    remarks: Connection[Remark] = connection("Remarks.")
    steps: list[Step] = field("Steps.", Argument("at_least", Decimal | None, "Weight.", None))
    first_step: Step | None = strawberry.field(description="The first step.")
    siblings: list[Annotated[Case, strawberry.lazy(MODULE)]] = strawberry.field(description="By the same shopper.")
    worth: Money = strawberry.field(description="A computed amount.")
    broken: str | None = strawberry.field(description="Its loader raises.")
    secret: str | None = strawberry.field(description="Hidden from all but staff.")


@strawberry.type(description="Who asks.")
class Me:
    """A root value."""

    kind: ViewerKind = strawberry.field(description="Kind.")
    party: Liable | None = strawberry.field(description="Party, if it is one of these.")
    cases: list[Case] = strawberry.field(description="Two of them.")


@strawberry.type
class Queries:
    """Roots."""

    case: Case | None = point("A case.")
    remark: Remark | None = point("A remark.")
    maker: Maker | None = point("A maker.")
    cases: Connection[Case] = listing("Cases.", filter=CaseFilter, order=CaseOrder)
    makers: Connection[Maker] = listing("Makers.")
    me: Me = field("Who asks.")
    found: list[Node] = field("What is called so.", Argument("text", str, "A name."))
    staff_only: str | None = field("Only staff.")


@strawberry.input(description="What to touch.")
class TouchInput:
    """Names a case, or a word that the operation answers in its own way."""

    case_id: str = strawberry.field(description="The case, or a word.")
    idempotency_key: str | None = strawberry.field(description="Key.", default=None)

    def command(self) -> str:
        """The word. Refuses an empty one."""
        if not self.case_id:
            raise Invalid(Problem(("caseId",), "Say which."), Problem(("caseId",), "Really."))
        return self.case_id


@strawberry.type(description="What was touched.")
class TouchPayload:
    """A thing, a fact, a secret and errors."""

    case: Case | None = strawberry.field(description="The case.")
    count: int | None = strawberry.field(description="A fact.")
    secret: str | None = strawberry.field(description="Shown once.")
    user_errors: list[UserError] = strawberry.field(description="Why not.")


async def touch(work: Work, word: str) -> Outcome:
    """Answers a word: `refuse`, `break`, or the id of a case."""
    if word == "refuse":
        raise Refused("on_time.window", "too late", (explain.Finding("on_time.window", False, "late", {"days": 3}),))
    if word == "break":
        raise ZeroDivisionError("a secret of ours")
    return Outcome(things={"case": word}, facts={"count": len(word)}, once={"secret": "s3cret"})


@strawberry.type
class Mutations:
    """One mutation."""

    touch: TouchPayload = mutation(touch, TouchInput, keyed=False, description="Touches a case.")


@strawberry.type(description="What happened.")
class Touched:
    """A value with a thing in it."""

    name: str = strawberry.field(description="How.")
    case: Case | None = strawberry.field(description="What.")


async def touches(fanout: Any, _caller: Caller, arguments: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """One event per case id in the fan-out, which is a list here."""
    for id_ in fanout:
        yield {"name": arguments["name"], "case": id_}


@strawberry.type
class Subscriptions:
    """One subscription."""

    touched: Touched = subscription(touches, "Cases touched.", Argument("name", str, "A word to hear again."))


# -- the views

VISIBLE_CASE: Final = {
    STAFF: "true",
    BUYER: "{t}.shopper_id = {party}",
    SUPPLIER: "{t}.maker_id = {party}",
    PROVIDER: "{t}.carrier_id = {party}",
}
LEVEL: Final = {STAFF: "{t}.level", BUYER: "{t}.level", SUPPLIER: "least({t}.level, 2::smallint)"}


async def steps(
    _connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[list[SimpleNamespace]]:
    """One step per tag, about the parent."""
    least = arguments.get("at_least") or Decimal(0)
    return [
        [
            SimpleNamespace(
                name=tag,
                weight=Decimal(len(tag)),
                about=row["parent_id"],
                because=[
                    explain.every(
                        "on_time.window",
                        "because",
                        [explain.Finding("inner", viewer.viewer is STAFF, "why", {"rank": row["rank"], "late": True})],
                        version=None,
                    )
                ],
            )
            for tag in row["tags"]
            if len(tag) >= least and at.tzinfo
        ]
        for row in rows
    ]


async def first_step(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[dict[str, Any] | None]:
    """The first of the steps, as a mapping."""
    return [
        {"name": found[0].name, "weight": found[0].weight, "about": found[0].about, "because": []} if found else None
        for found in await steps(connection, rows, viewer, at, arguments)
    ]


async def siblings(
    connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str]]:
    """The ids of the shopper's cases, found by one statement."""
    found = await connection.fetch(
        "SELECT shopper_id, array_agg(id ORDER BY id) FROM bazaar.cases WHERE tenant_id = current_tenant()"
        " AND shopper_id = ANY($1) GROUP BY shopper_id",
        [row["shopper_id"] for row in rows],
    )
    by_shopper = dict(found)
    return [by_shopper[row["shopper_id"]][:2] for row in rows]


async def worth(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[money.Money]:
    """Twice the amount."""
    return [money.Money(2 * row["amount_minor"], row["currency"]) for row in rows]


async def broken(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[str]:
    """Raises."""
    raise NotFound(f"{bool(rows)}")


async def me(
    connection: Any, _rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> tuple[dict[str, Any]]:
    """The viewer, with the first two cases there are: some of them not for it."""
    found = await connection.fetch(
        "SELECT id FROM bazaar.cases WHERE tenant_id = current_tenant() AND"
        f" {VISIBLE_CASE.get(viewer.viewer, 'false').replace('{t}.', '').replace('{party}', '$1::text')}"
        " AND ($1::text IS NULL OR true) ORDER BY id LIMIT 2",
        viewer.party_id,
    )
    party = viewer.party_id if viewer.viewer in {SUPPLIER, PROVIDER} else None
    return ({"kind": viewer.viewer, "party": party, "cases": [row["id"] for row in found]},)


async def found(
    connection: Any, _rows: Sequence[Row], _viewer: Caller, _at: datetime, arguments: Mapping[str, Any]
) -> tuple[list[str]]:
    """Makers of that name: seen by all."""
    rows = await connection.fetch(
        "SELECT id FROM bazaar.makers WHERE tenant_id = current_tenant() AND name = $1 ORDER BY id", arguments["text"]
    )
    return ([row["id"] for row in rows],)


async def staff_only(*_: Any) -> tuple[str]:
    """A word."""
    return ("staff",)


MAKER: Final = View(
    type="Maker",
    table="bazaar.makers",
    visible=dict.fromkeys(ViewerKind, "true"),
    fields={
        **columns("id", "name", "country"),
        "margin": Value({STAFF: "{t}.margin", SUPPLIER: "CASE WHEN {t}.id = {party} THEN {t}.margin END"}),
        "cases": Many("Case", "maker_id", "NEWEST"),
    },
    sorts={"NAME": Sort((("{t}.name", False),))},
    ids=SupplierId,
)
CARRIER: Final = View(
    type="Carrier",
    table="bazaar.carriers",
    visible={STAFF: "true", PROVIDER: "{t}.id = {party}"},
    fields={**columns("id", "name"), "cases": Many("Case", "carrier_id", "MIXED")},
    sorts={"NAME": Sort((("{t}.name", False),))},
    ids=ProviderId,
)
SHOPPER: Final = View(
    type="Shopper",
    table="bazaar.shoppers",
    visible={STAFF: "true", BUYER: "{t}.id = {party}", SUPPLIER: "true"},
    fields={**columns("id", "name"), "level": Value(LEVEL), "cases": Many("Case", "shopper_id", "URGENT")},
    ids=BuyerId,
)
REMARK: Final = View(
    type="Remark",
    table="bazaar.remarks",
    visible={
        kind: "EXISTS (SELECT FROM bazaar.cases c WHERE c.tenant_id = {t}.tenant_id AND c.id = {t}.case_id AND "
        + predicate.replace("{t}", "c")
        + ")"
        for kind, predicate in VISIBLE_CASE.items()
    },
    fields={**columns("id", "text", "at"), "case": One("Case", "{t}.case_id")},
    sorts={"OLDEST": Sort((("{t}.at", False),))},
    ids=EventId,
)
_SHOPPER_LEVEL: Final = (
    "(SELECT s.level FROM bazaar.shoppers s WHERE s.tenant_id = {t}.tenant_id AND s.id = {t}.shopper_id)"
)
CASE: Final = View(
    type="Case",
    table="bazaar.cases",
    visible=VISIBLE_CASE,
    fields={
        **columns("id", "number", "state", "rank", "tags", "openedAt", "dueAt", "rate"),
        "amount": Amount("{t}.amount_minor"),
        "fee": Amount("{t}.fee_minor", shown_to=frozenset({STAFF})),
        "shopper": One("Shopper", "{t}.shopper_id"),
        "maker": One("Maker", "{t}.maker_id"),
        "liable": One("Liable", "coalesce({t}.maker_id, {t}.carrier_id)"),
        "subject": One("Node", "{t}.subject_id"),
        "parent": One("Case", "{t}.parent_id"),
        "remarks": Many("Remark", "case_id", "OLDEST"),
        "steps": Computed(steps, ("tags", "parent_id", "rank")),
        "firstStep": Computed(first_step, ("tags", "parent_id", "rank")),
        "siblings": Computed(siblings, ("shopper_id",)),
        "worth": Computed(worth, ("amount_minor", "currency")),
        "broken": Computed(broken),
        "secret": column("secret", frozenset({STAFF})),
    },
    sorts={
        "URGENT": Sort((("coalesce({t}.due_at, 'infinity')", False),)),
        "NEWEST": Sort((("{t}.opened_at", True),)),
        "MIXED": Sort((("{t}.state", False), ("{t}.rank", True))),
        "LEVEL": Sort((({kind: sql.replace("{t}.level", _SHOPPER_LEVEL) for kind, sql in LEVEL.items()}, False),)),
    },
    filters={
        "state": Filter("{t}.state = {v}"),
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "dueBefore": Filter("{t}.due_at < {v}", "timestamptz"),
        "rank": Filter("{t}.rank = {v}", "integer"),
        "level": Filter({STAFF: f"{_SHOPPER_LEVEL} = {{v}}"}, "integer"),
    },
    ids=ClaimId,
)

VIEWS: Final = (MAKER, CARRIER, SHOPPER, REMARK, CASE)
ROOTS: Final[dict[str, Root]] = {
    "case": Point("Case"),
    "remark": Point("Remark"),
    "maker": Point("Maker"),
    "cases": Listing("Case", "URGENT"),
    "makers": Listing("Maker", "NAME"),
    "me": Answer(me),
    "found": Answer(found),
    "staffOnly": Answer(staff_only, frozenset({STAFF})),
}


def bazaar() -> Contract:
    """The contract, made anew: whoever changes its resolvers changes only their own."""
    views: Any = SimpleNamespace(VIEWS=VIEWS, ROOTS=ROOTS)
    return contract((Noun(views, Queries, Mutations, Subscriptions), Noun(None, NodeQueries)))
