"""Rate sheets, their rates and imports: a provider's own business and the marketplace's; buyers are quoted prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from domain import rate_imports, rate_sheets, rates
from domain.access import Caller, ViewerKind
from domain.explain import Finding
from domain.ids import RateSheetId, ServiceId, SurchargeId
from domain.moves import Move
from domain.rates import Container, Measure
from storage.rate_imports import RATE_IMPORTS, RATE_REJECTS
from storage.rate_sheets import RATE_SHEETS, active_by_services, by_number, surcharges_of
from storage.views.actions import actions, actions_with
from storage.views.organisations import BY_ID
from storage.views.services import OWN
from storage.views.view import (
    Amount,
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
    columns,
)

CHANGES_MAX: Final = 1_000
"""Differences told at once; `skip` goes on."""

_NATURAL: Final = (
    "trim_scale({value}::numeric / CASE {{t}}.measure WHEN 'WEIGHT' THEN 1000 WHEN 'VOLUME' THEN 1000000 ELSE 1 END)"
)
"""A bracket's end in kilograms, cubic metres or a count."""


def _of_own(parent: str, key: str) -> dict[ViewerKind, str]:
    found = f"SELECT FROM {parent} p WHERE p.tenant_id = {{t}}.tenant_id AND p.id = {{t}}.{key}"
    return {
        ViewerKind.STAFF: "true",
        ViewerKind.PROVIDER: f"EXISTS ({found} AND p.provider_id = {{party}})",
    }


@dataclass(frozen=True, slots=True)
class RateChange:
    """A bracket whose price differs between two versions; None on the side that lacks it."""

    zone: str
    measure: Measure
    container: Container | None
    at_least: Decimal
    below: Decimal | None
    bracket: str
    before: Decimal | None
    after: Decimal | None
    minimum_before: Decimal | None
    minimum_after: Decimal | None
    flat_before: bool | None
    flat_after: bool | None


_CHANGES: Final = """
WITH old AS (SELECT r.* FROM rates r JOIN rate_sheets s ON s.tenant_id = r.tenant_id AND s.id = r.rate_sheet_id
    WHERE r.tenant_id = $1 AND s.service_id = $2 AND s.number = $3),
  new AS (SELECT r.* FROM rates r WHERE r.tenant_id = $1 AND r.rate_sheet_id = $4)
SELECT coalesce(n.zone, o.zone) AS zone, coalesce(n.measure, o.measure) AS measure,
  coalesce(n.container, o.container) AS container, coalesce(n.at_least, o.at_least) AS at_least,
  coalesce(n.below, o.below) AS below, trim_scale(o.price) AS before, trim_scale(n.price) AS after,
  o.minimum_minor AS minimum_before, n.minimum_minor AS minimum_after, o.flat AS flat_before, n.flat AS flat_after,
  coalesce(n.currency, o.currency) AS currency
FROM new n FULL JOIN old o ON o.zone = n.zone AND o.measure = n.measure AND o.at_least = n.at_least
  AND coalesce(o.container, '') = coalesce(n.container, '') AND coalesce(o.below, -1) = coalesce(n.below, -1)
WHERE (o.price, o.minimum_minor, o.flat, o.currency) IS DISTINCT FROM (n.price, n.minimum_minor, n.flat, n.currency)
ORDER BY 1, 2, 3, 4, 5 OFFSET $5 LIMIT $6
"""


async def _changes(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, arguments: Mapping[str, Any]
) -> list[list[RateChange]]:
    """What each sheet changed of the version with that number; of its own service, so visible like itself."""
    told = []
    for row in rows:
        found = await connection.fetch(
            _CHANGES,
            viewer.tenant_id,
            row["service_id"],
            arguments["version"],
            row["id"],
            max(arguments.get("skip") or 0, 0),
            CHANGES_MAX,
        )
        told.append([_change(record) for record in found])
    return told


def _change(row: Mapping[str, Any]) -> RateChange:
    measure = Measure(row["measure"])
    at_least, below = rates.natural(measure, row["at_least"]), rates.natural(measure, row["below"])
    assert at_least is not None, "every bracket begins somewhere"
    return RateChange(
        zone=row["zone"],
        measure=measure,
        container=None if row["container"] is None else Container(row["container"]),
        at_least=at_least,
        below=below,
        bracket=rates.spelled_bracket(measure, row["container"], at_least, below),
        before=row["before"],
        after=row["after"],
        minimum_before=rates.major(row["minimum_before"], row["currency"]),
        minimum_after=rates.major(row["minimum_after"], row["currency"]),
        flat_before=row["flat_before"],
        flat_after=row["flat_after"],
    )


@dataclass(frozen=True, slots=True)
class SurchargeChange:
    """A surcharge that differs between two versions, by id; None on the side that lacks it. The engine reads both."""

    before: SurchargeId | None
    after: SurchargeId | None


async def _surcharge_changes(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, arguments: Mapping[str, Any]
) -> list[list[SurchargeChange]]:
    """What each sheet's surcharges changed of the version with that number."""
    told = []
    for row in rows:
        service, number = ServiceId(row["service_id"]), arguments["version"]
        older = await by_number(connection, viewer.tenant_id, service, number)
        old = [] if older is None else await surcharges_of(connection, viewer.tenant_id, older.id)
        new = await surcharges_of(connection, viewer.tenant_id, RateSheetId(row["id"]))
        told.append(
            [
                SurchargeChange(
                    None if each.before is None else each.before.id, None if each.after is None else each.after.id
                )
                for each in rates.surcharge_changes(old, new)
            ]
        )
    return told


async def _moves(connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime) -> list[tuple[Move, ...]]:
    sheets = [RATE_SHEETS.decode(row) for row in rows]
    ids = list({ServiceId(sheet.service_id) for sheet in sheets})
    active = await active_by_services(connection, viewer.tenant_id, ids)
    return [rate_sheets.moves(sheet, active.get(sheet.service_id, []), viewer, at) for sheet in sheets]


async def _findings(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Finding]]:
    return [list(RATE_REJECTS.decode(row).findings) for row in rows]


_IMPORT_OF: Final = "(SELECT i.id FROM rate_imports i WHERE i.tenant_id = {t}.tenant_id AND i.rate_sheet_id = {t}.id)"

RATE_SHEET: Final = View(
    type="RateSheet",
    table="rate_sheets",
    visible=OWN,
    fields={
        **columns(
            "id", "number", "title", "currency", "volumetricDivisor", "validFrom", "validUntil", "state", "rateCount",
            "surchargeCount", "digest", "draftedAt", "activatedAt", "endedAt", "version",
        ),
        "service": One("Service", "{t}.service_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "supersedes": One("RateSheet", "{t}.supersedes_id"),
        "rateImport": One("RateImport", _IMPORT_OF),
        "rates": Many("Rate", "rate_sheet_id", "BRACKET"),
        "surcharges": Many("Surcharge", "rate_sheet_id", "POSITION"),
        "changesSince": Computed(_changes, needs=("service_id",)),
        "surchargeChangesSince": Computed(_surcharge_changes, needs=("service_id",)),
        **actions_with(RATE_SHEETS, _moves),
    },
    sorts=BY_ID,
    filters={
        "serviceId": Filter("{t}.service_id = {v}"),
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "governsAt": Filter(
            "{t}.state = 'ACTIVE' AND {t}.valid_from <= {v} AND ({t}.valid_until IS NULL OR {t}.valid_until > {v})",
            "timestamptz",
        ),
    },
)  # fmt: skip

RATE: Final = View(
    type="Rate",
    table="rates",
    visible=_of_own("rate_sheets", "rate_sheet_id"),
    fields={
        **columns("id", "line", "zone", "measure", "container", "flat"),
        "atLeast": Value(_NATURAL.format(value="{t}.at_least")),
        "below": Value(_NATURAL.format(value="{t}.below")),
        "price": Value("trim_scale({t}.price)"),
        "minimum": Amount("{t}.minimum_minor"),
    },
    sorts={
        "BRACKET": Sort((("{t}.zone", False), ("{t}.measure", False), ("{t}.at_least", False))),
        "LINE": Sort((("{t}.line", False),)),
    },
    filters={
        "zone": Filter("{t}.zone = {v}"),
        "measure": Filter("{t}.measure = {v}"),
        "container": Filter("{t}.container = {v}"),
    },
)

SURCHARGE: Final = View(
    type="Surcharge",
    table="surcharges",
    visible=_of_own("rate_sheets", "rate_sheet_id"),
    fields={
        **columns(
            "id", "position", "line", "kind", "charge", "basisPoints", "validFrom", "validUntil", "zones",
            "dangerousGoods",
        ),
        "amount": Value("trim_scale({t}.amount)"),
        "minimum": Amount("{t}.minimum_minor"),
        "areas": Value("{t}.area_keys"),
        "aboveWeightGrams": Value("{t}.weight_grams_above"),
        "aboveLengthMm": Value("{t}.length_mm_above"),
    },
    sorts={"POSITION": Sort((("{t}.position", False),))},
)  # fmt: skip

RATE_IMPORT: Final = View(
    type="RateImport",
    table="rate_imports",
    visible=OWN,
    fields={
        **columns(
            "id", "fileName", "digest", "dryRun", "state", "sizeBytes", "readBytes", "readLines", "accepted",
            "surcharges", "rejected", "startedAt", "endedAt", "version",
        ),
        "rateSheet": One("RateSheet", "{t}.rate_sheet_id"),
        "service": One("Service", "{t}.service_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "rejects": Many("RateReject", "rate_import_id", "LINE"),
        **actions(RATE_IMPORTS, lambda reading, viewer, _at: rate_imports.moves(reading, viewer)),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.started_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.started_at", True),)),
    },
    filters={
        "serviceId": Filter("{t}.service_id = {v}"),
        "providerId": Filter("{t}.provider_id = {v}"),
        "states": Filter("{t}.state = ANY({v})", "text[]"),
    },
)  # fmt: skip

RATE_REJECT: Final = View(
    type="RateReject",
    table="rate_rejects",
    visible=_of_own("rate_imports", "rate_import_id"),
    fields={
        **columns("id", "line", "row"),
        "reasons": Computed(_findings, needs=RATE_REJECTS.names),
    },
    sorts={"LINE": Sort((("{t}.line", False),))},
)

VIEWS: Final = (RATE_SHEET, RATE, SURCHARGE, RATE_IMPORT, RATE_REJECT)
ROOTS: Final[dict[str, Root]] = {
    "rateSheet": Point("RateSheet"),
    "rateSheets": Listing("RateSheet", "NEWEST_FIRST"),
    "rateImport": Point("RateImport"),
    "rateImports": Listing("RateImport", "NEWEST_FIRST"),
}
