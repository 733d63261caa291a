"""Duties of a thing: the clocks that its operations start and end."""

from datetime import datetime

from domain import clocks
from domain.clocks import Duty
from domain.ids import ClockId, Id
from storage import clocks as clock_rows
from storage.unit_of_work import Work


async def start_duty(work: Work, duty: Duty, subject_id: Id, due_at: datetime, *, party_id: Id | None) -> None:
    """A clock runs for that duty on the thing. Refuses (Conflict) a second live clock of the same duty on it."""
    change = clocks.start(
        duty,
        subject_id,
        due_at,
        id=work.new_id(ClockId),
        at=work.at,
        party_id=party_id,
        calendar=work.market,
    )
    await work.keep(change)


async def end_duties(work: Work, subject_id: Id) -> None:
    """Every live clock of the thing is done: what it waited for was done, or can no longer be."""
    for clock in await clock_rows.lock_live(work.connection, work.tenant_id, subject_id):
        await work.keep(clocks.complete(clock, at=work.at))
