"""A liable party's statement of a month: its own for a party, any for finance, nothing for others."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from domain import party_statements as statements
from domain.access import Caller, ViewerKind
from domain.errors import Conflict, ErrorCode, Invalid, Problem
from domain.ids import KINDS, Id, LiablePartyId, ProviderId, SupplierId, TransferId
from domain.money import CURRENCIES
from domain.party_statements import PartyStatement, PartyStatementLine
from storage import calendars
from storage import party_statements as statement_rows
from storage.party_statements import Month, Place
from storage.views.ledger import KEEPERS, PAGE_MAX, PAYERS
from storage.views.view import Answer, Root, Row


async def party_statement(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[PartyStatement | None]:
    """A page of the statement. Refuses, with every reason, what names no party, month that began, or currency."""
    party_id, first = _asked(viewer, arguments)
    if not _may(viewer, party_id):
        return [None]
    market = await connection.fetchval("SELECT market FROM tenants WHERE tenant_id = $1", viewer.tenant_id)
    opens_at, closes_at = statements.span_of(first, await calendars.get(connection, market))
    of = Month(party_id, arguments["currency"], opens_at, closes_at)
    if at < opens_at:
        raise Invalid(Problem(("month",), "That month has not begun."))
    count, cursor = arguments["first"], arguments.get("after")
    place = None if cursor is None else _decoded(of, cursor)
    opening = await statement_rows.held(connection, viewer.tenant_id, of)
    moved = await statement_rows.moved(connection, viewer.tenant_id, of)
    before = [] if place is None else await statement_rows.moved(connection, viewer.tenant_id, of, until=place)
    found = await statement_rows.lines(
        connection,
        viewer.tenant_id,
        of,
        statement_rows.opened(before, opening),
        after=place,
        count=count + 1,
    )
    page = found[:count]
    closing = statement_rows.opened(moved, opening)
    return [
        PartyStatement(
            party_id,
            of.currency,
            f"{first:%Y-%m}",
            opens_at,
            closes_at,
            *opening,
            *closing,
            statements.sums(moved, of.currency),
            tuple(page),
            len(found) > count,
            _encoded(of, page[-1]) if page else None,
        )
    ]


def _may(viewer: Caller, party_id: LiablePartyId) -> bool:
    if viewer.viewer is ViewerKind.STAFF:
        return not KEEPERS.isdisjoint(viewer.roles)
    return viewer.party_id == party_id


def _asked(viewer: Caller, arguments: Mapping[str, Any]) -> tuple[LiablePartyId, date]:
    """Whose month; a party that names nobody means itself."""
    named = arguments.get("liable_party_id")
    problems = []
    party_id: Id | None = viewer.party_id
    if named is not None:
        kind = KINDS.get(named.partition("_")[0])
        party_id = kind(named) if kind is not None and issubclass(kind, SupplierId | ProviderId) else None
    if not isinstance(party_id, SupplierId | ProviderId):
        problems.append(Problem(("liablePartyId",), "Name a supplier or provider."))
    first = None
    try:
        first = statements.month_of(arguments["month"])
    except ValueError:
        problems.append(Problem(("month",), "A month is spelled like 2026-03."))
    if arguments["currency"] not in CURRENCIES:
        problems.append(Problem(("currency",), "There is no such currency."))
    if not 1 <= arguments["first"] <= PAGE_MAX:
        problems.append(Problem(("first",), f"The page size is 1 to {PAGE_MAX}."))
    if problems or first is None or not isinstance(party_id, SupplierId | ProviderId):
        raise Invalid(*problems)
    return party_id, first


def _mark(of: Month) -> str:
    """What tells the cursors of one statement from those of every other."""
    return hashlib.sha256(f"{of.party_id} {of.currency} {of.opens_at.isoformat()}".encode()).hexdigest()[:8]


def _encoded(of: Month, line: PartyStatementLine) -> str:
    text = f"{_mark(of)} {line.at.isoformat()} {line.transfer_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(of: Month, cursor: str) -> Place:
    """Where the page before ended. Refuses with BAD_CURSOR what this statement did not give."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        mark, at, transfer = text.split(" ")
        place = (datetime.fromisoformat(at), str(TransferId.parse(transfer)))
        if mark == _mark(of) and place[0].utcoffset() == timedelta(0):
            return place
    except ValueError:
        pass  # refused below, as a cursor of another statement is
    raise Conflict("This statement did not give that cursor.", code=ErrorCode.BAD_CURSOR, field=("after",))


VIEWS: Final = ()
ROOTS: Final[dict[str, Root]] = {"partyStatement": Answer(party_statement, PAYERS)}
