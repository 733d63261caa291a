"""Payment processors: row to dataclass, and their secrets, which are derived and kept nowhere."""

from typing import Final

from domain import processors
from domain.ids import ProcessorId, TenantId
from domain.processors import Processor
from storage import certificates
from storage.pool import Connection
from storage.tables import Table

PROCESSORS: Final = Table("processors", Processor)


async def find(connection: Connection, tenant_id: TenantId, id: ProcessorId) -> Processor | None:
    """The processor, or None."""
    return await PROCESSORS.find(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ProcessorId) -> Processor:
    """The processor, this transaction's until its end. Refuses with NotFound."""
    return await PROCESSORS.lock(connection, tenant_id, id)


def secret(tenant_id: TenantId, id: ProcessorId, generation: int) -> bytes:
    """The processor's secret of that generation, of this process's deployment.

    Raises:
        RuntimeError: the process was not told its secret.
    """
    return processors.secret(certificates.master(), tenant_id, id, generation)
