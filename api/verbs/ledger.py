"""`./run ledger`: the books leave the platform, entry by entry, for whoever audits them."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any, Final

import asyncpg
import typer

from api.settings import Settings
from api.verbs import books
from api.verbs.tenants import Named, instant_named, tenant_named, with_worker
from domain.dates import rfc3339
from domain.money import Money
from storage.pool import Pool

COLUMNS: Final = (
    "at", "transfer", "position", "event", "account", "party", "currency", "amount", "claim", "coupon", "redemption",
    "decision", "depositMovement", "chargeback", "ruleVersion", "reverses",
)  # fmt: skip
"""One line per entry: debits positive, credits negative, in major units; then the causes by id."""


class Format(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    """Comma-separated with a line of names (RFC 4180)."""
    JSONL = "jsonl"
    """One JSON object per line; amounts are texts, what is absent is null."""


command = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="Export the books.", no_args_is_help=True
)


@command.callback()
def books_of_a_marketplace() -> None:
    """Export the books."""


@command.command()
def export(
    from_: Annotated[str, typer.Option("--from", help="The first instant that belongs to it, 2027-01-01T00:00:00Z.")],
    to: Annotated[str, typer.Option("--to", help="The first instant that does not any more.")],
    format: Annotated[Format, typer.Option(help="csv or jsonl.")] = Format.CSV,  # noqa: A002 -- the option's name
    output: Annotated[Path | None, typer.Option(help="The file to write; the terminal if not given.")] = None,
    tenant: Named = None,
) -> None:
    """Write every entry between two instants, oldest first, as of one moment; however many, in constant memory."""
    opens_at, closes_at = instant_named(from_), instant_named(to)

    async def written(_settings: Settings, pool: Pool) -> int:
        tenant_id = await tenant_named(pool, tenant)
        count = 0
        with nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8", newline="") as file:
            write = WRITERS[format](file)
            async for row in books.entries(pool, tenant_id, opens_at, closes_at):
                write(line(row))
                count += 1
        return count

    count = with_worker(written)
    print(f"{count:,} entries", file=sys.stderr)


def line(row: asyncpg.Record) -> dict[str, Any]:
    """An entry as it is exported, by the names of `COLUMNS`."""
    values = (
        rfc3339(row["at"]),
        row["transfer_id"],
        row["position"],
        row["event"],
        row["account"],
        row["party_id"],
        row["currency"],
        str(Money(row["amount_minor"], row["currency"]).amount),
        row["claim_id"],
        row["coupon_id"],
        row["redemption_id"],
        row["decision_id"],
        row["deposit_movement_id"],
        row["chargeback_id"],
        row["rule_version_id"],
        row["reverses_id"],
    )
    return dict(zip(COLUMNS, values, strict=True))


Write = Callable[[dict[str, Any]], None]


def _csv(file: IO[str]) -> Write:
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()

    def write(entry: dict[str, Any]) -> None:
        writer.writerow(entry)

    return write


def _json_lines(file: IO[str]) -> Write:
    def write(entry: dict[str, Any]) -> None:
        file.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n")

    return write


WRITERS: Final[Mapping[Format, Callable[[IO[str]], Write]]] = {Format.CSV: _csv, Format.JSONL: _json_lines}
"""Format -> what writes lines of it."""
