"""Providers' own records: the counters move with the shipments, in the same transaction."""

from collections.abc import Sequence

from domain import records
from domain.change import Change
from domain.shipments import Shipment
from storage import records as record_rows
from storage.unit_of_work import Work


async def count(work: Work, changes: Sequence[Change[Shipment]]) -> None:
    """The counters of the shipments' providers have moved as far as the changes move their outcomes.

    Whoever keeps changes of shipments calls it, once for all of them and last: the rows are held until the end of the
    transaction. Nothing is sent to the database where no outcome changed.
    """
    await record_rows.move(work.connection, work.tenant_id, records.difference(changes))
