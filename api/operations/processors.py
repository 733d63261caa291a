"""Payment processors: registered with a secret that is shown once, given a new one, or heard no longer."""

from api.operations.chargeback_ends import terms_at
from domain import access, processors
from domain.ids import ProcessorId
from domain.processors import Processor, RegisterProcessor, TurnProcessor
from storage import keys as key_rows
from storage import processors as processor_rows
from storage.unit_of_work import Outcome, Work


async def register_processor(work: Work, command: RegisterProcessor) -> Outcome:
    """The processor may tell of chargebacks; its secret is in the answer and nowhere else."""
    access.require(work.caller, "registerProcessor")
    change = processors.register_processor(command, id=work.new_id(ProcessorId), at=work.at)
    await work.keep(change)
    return _shown(work, change.after)


async def rotate_processor_secret(work: Work, command: TurnProcessor) -> Outcome:
    """A new secret stands beside the old one, which is good a while longer. Refuses a revoked processor."""
    access.require(work.caller, "rotateProcessorSecret")
    processor = await processor_rows.lock(work.connection, work.tenant_id, command.processor_id)
    work.expect(processor)
    overlap = (await terms_at(work, work.at)).secret_overlap
    # By the real clock: moving a sandbox's clock locks no processor out.
    change = processors.rotate_secret(processor, overlap, await key_rows.real_now(work.connection))
    await work.keep(change)
    return _shown(work, change.after)


async def revoke_processor(work: Work, command: TurnProcessor) -> Outcome:
    """The processor is heard no longer."""
    access.require(work.caller, "revokeProcessor")
    processor = await processor_rows.lock(work.connection, work.tenant_id, command.processor_id)
    work.expect(processor)
    await work.keep(processors.revoke_processor(processor, work.at))
    return Outcome({"processor": processor.id})


def _shown(work: Work, processor: Processor) -> Outcome:
    key = processor_rows.secret(work.tenant_id, processor.id, processor.generation)
    return Outcome({"processor": processor.id}, once={"secret": processors.spelled(key)})
