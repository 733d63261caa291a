"""Providers' own records in GraphQL: rates over the last whole days, each with its count and its target."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

import strawberry

from api.schema import modes as _modes  # noqa: F401 - describes the shared enums
from api.schema.arguments import Argument
from api.schema.arguments import field as argued
from api.schema.enums import described
from api.schema.errors import Finding
from domain.records import Window
from domain.shipments import ShipmentMode

described(Window, name="RecordWindow")


@strawberry.type(description="A share of cases that a provider is measured by.")
class RecordRate:
    """`storage.views.records.ShownRate`."""

    share_bp: int | None = strawberry.field(
        description="The share in basis points; null below the minimum of cases, which `because` names."
    )
    count: int = strawberry.field(description="How many cases.")
    of: int = strawberry.field(description="Of how many.")
    target_bp: int = strawberry.field(description="The share that is asked for, in basis points.")
    meets_target: bool | None = strawberry.field(
        description="Whether the target is met: missed only by a worse share and by more misses than are tolerated. "
        "Null below the minimum of cases."
    )
    because: list[Finding] = strawberry.field(description="How it was told.")


@strawberry.type(description="Late deliveries that were about as late as each other.")
class LateShare:
    """`domain.records.LateShare`."""

    days: int | None = strawberry.field(
        description="The most days by which they were late, more than those of the entry before; null: any more."
    )
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="What became of what a provider carried, over the last whole days (of UTC).")
class ProviderRecord:
    """`storage.views.records.ShownRecord`."""

    window: Window = strawberry.field(description="How far it looks back.")
    since: date = strawberry.field(description="The first day.")
    until: date = strawberry.field(description="The first day behind it: the day that is not over yet.")
    mode: ShipmentMode | None = strawberry.field(description="Of goods that travel so; null for all.")
    on_time: RecordRate | None = strawberry.field(
        description="Promises kept, of those promised for these days. For others than staff and the provider itself: "
        "null below the minimum of cases."
    )
    valid_tracking: RecordRate | None = strawberry.field(
        description="Shipments seen moving under no wrong number, of those entrusted to it some days earlier. For "
        "others than staff and the provider itself: null below the minimum of cases."
    )
    late_shipment: RecordRate | None = strawberry.field(
        description="Shipments picked up after the appointed window, of those with one; for staff and itself."
    )
    cancellation: RecordRate | None = strawberry.field(
        description="Shipments that it called off, of those entrusted to it; for staff and itself."
    )
    promised: int | None = strawberry.field(description="Promises for these days; for staff and itself.")
    delivered: int | None = strawberry.field(description="Deliveries on these days; for staff and itself.")
    outstanding: int | None = strawberry.field(
        description="Promised for these days and not there yet; for staff and itself."
    )
    lost: int | None = strawberry.field(description="Lost; for staff and itself.")
    late: list[LateShare] | None = strawberry.field(
        description="Late deliveries by how late they were, least first; for staff and itself."
    )
    mean_days_late: Decimal | None = strawberry.field(
        description="By how many days late deliveries were late on average; null where none was, and for others than "
        "staff and itself."
    )


RECORD: Final[Any] = argued(
    "Its own record; null where the marketplace has no rule about records.",
    Argument("window", Window | None, "How far back; when left out, as far as expected lateness is told from."),
    Argument("mode", ShipmentMode | None, "Only of goods that travel so."),
)
"""The field of a provider that shows its record."""
