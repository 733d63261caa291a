"""`./run ledger`: the books leave the platform, entry by entry, for whoever audits them."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any, Final

import asyncpg
import typer

from api.settings import Settings, Unusable
from api.verbs import books
from api.verbs.books import Edge, StatementRow
from api.verbs.tenants import Named, instant_named, tenant_named, with_worker
from domain import words
from domain.dates import rfc3339
from domain.money import Money
from domain.party_statements import month_of
from storage import ledger
from storage.pool import Pool


def camel(name: str) -> str:
    """`deposit_movement` as `depositMovement`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


CAUSES: Final = tuple(camel(name.removesuffix("_id")) for name in ledger.CAUSES)
COLUMNS: Final = ("at", "transfer", "position", "event", "account", "party", "currency", "amount", *CAUSES)
"""One line per entry: debits positive, credits negative, in major units; then the causes by id."""


STATEMENT_COLUMNS: Final = (
    "party", "currency", "at", "kind", "receivable", "contingent", "receivableAfter", "contingentAfter", "claim",
    "claimNumber", "coupon", "recovery", "payout", "payment", "membership", "depositMovement", "transfer", "sentence",
    "partyName",
)  # fmt: skip
"""One line per transfer of a party, between its opening and its closing; amounts in major units."""


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
    if closes_at <= opens_at:
        raise Unusable("--to is not after --from: nothing lies between them.")

    async def written(_settings: Settings, pool: Pool) -> int:
        tenant_id = await tenant_named(pool, tenant)
        count = 0
        with nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8", newline="") as file:
            write = WRITERS[format](file, COLUMNS)
            async for row in books.entries(pool, tenant_id, opens_at, closes_at):
                write(line(row))
                count += 1
        return count

    count = with_worker(written)
    print(f"{count:,} entries", file=sys.stderr)


@command.command()
def statements(
    month: Annotated[str, typer.Option(help="The month, 2027-01.")],
    format: Annotated[Format, typer.Option(help="csv or jsonl.")] = Format.CSV,  # noqa: A002 -- the option's name
    output: Annotated[Path | None, typer.Option(help="The file to write; the terminal if not given.")] = None,
    tenant: Named = None,
) -> None:
    """Write every liable party's statement of a month, with its opening and closing, as of one moment."""
    try:
        first = month_of(month)
    except ValueError as reason:
        raise typer.BadParameter(f"{reason}", param_hint="--month") from reason

    async def written(_settings: Settings, pool: Pool) -> int:
        tenant_id = await tenant_named(pool, tenant)
        count = 0
        with nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8", newline="") as file:
            write = WRITERS[format](file, STATEMENT_COLUMNS)
            async for row in books.statements(pool, tenant_id, first):
                write(statement_line(row))
                count += 1
        return count

    count = with_worker(written)
    print(f"{count:,} lines", file=sys.stderr)


def statement_line(row: StatementRow) -> dict[str, Any]:
    """A row of a statement as it is exported, by the names of `STATEMENT_COLUMNS`."""
    of, name, found, held = row
    after = [str(amount.amount) for amount in held]
    if isinstance(found, Edge):
        nothing = str(Money.zero(of.currency).amount)
        edge = {"kind": found.value, "receivable": nothing, "contingent": nothing}
        owed = {
            "party": of.party_id,
            "partyName": name,
            "currency": of.currency,
            "receivableAfter": after[0],
            "contingentAfter": after[1],
        }
        return dict.fromkeys(STATEMENT_COLUMNS) | owed | edge
    members = (
        of.party_id,
        of.currency,
        rfc3339(found.at),
        found.kind.value,
        str(found.receivable.amount),
        str(found.contingent.amount),
        *after,
        found.claim,
        found.claim_number,
        found.coupon,
        found.recovery,
        found.payout,
        found.payment,
        found.membership,
        found.deposit_movement,
        found.transfer_id,
        words.sentence(found.because),
        name,
    )
    return dict(zip(STATEMENT_COLUMNS, members, strict=True))


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
        *(row[name] for name in ledger.CAUSES),
    )
    return dict(zip(COLUMNS, values, strict=True))


Write = Callable[[dict[str, Any]], None]


def _csv(file: IO[str], columns: Sequence[str]) -> Write:
    writer = csv.DictWriter(file, columns)
    writer.writeheader()

    def write(entry: dict[str, Any]) -> None:
        writer.writerow(entry)

    return write


def _json_lines(file: IO[str], _columns: Sequence[str]) -> Write:
    def write(entry: dict[str, Any]) -> None:
        file.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n")

    return write


WRITERS: Final[Mapping[Format, Callable[[IO[str], Sequence[str]], Write]]] = {
    Format.CSV: _csv,
    Format.JSONL: _json_lines,
}
"""Format -> what writes lines of it."""
