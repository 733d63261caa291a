"""Relations of providers: noted as fingerprints of what they hand in, declared by themselves, cleared by the desk."""

from domain import access, relations
from domain.errors import Invalid, NotFound, Problem
from domain.ids import ProviderId, RelationId
from domain.providers import Provider
from domain.relations import ClearRelation, DeclareRelatedAccount, Fingerprint, RelationKind
from storage import providers as provider_rows
from storage import relations as relation_rows
from storage.unit_of_work import Outcome, Work


async def note(work: Work, provider_id: ProviderId, kind: RelationKind, value: str) -> None:
    """The provider has that owner, tax number, bank account or device; whoever has the same is related to it.

    The value itself is kept nowhere. Noted twice is noted once; a value without a letter or digit says nothing.
    """
    normal = relations.normal(kind, value)
    if not normal:
        return
    digest = work.digest(f"{kind.value}:{normal}")
    await relation_rows.lock_all(work.connection, work.tenant_id)
    if await relation_rows.is_noted(work.connection, work.tenant_id, provider_id, kind, digest):
        return
    for other in await relation_rows.by_fingerprint(work.connection, work.tenant_id, kind, digest):
        known = await relation_rows.find_by_pair(work.connection, work.tenant_id, provider_id, other)
        first_id, second_id = sorted((provider_id, other))
        change = relations.detect(known, first_id, second_id, kind, digest, id=work.new_id(RelationId), at=work.at)
        if change is not None:
            await work.keep(change)
    work.add(Fingerprint(provider_id, kind, digest, work.at))


async def declare_related_account(work: Work, command: DeclareRelatedAccount) -> Outcome:
    """The provider has said that the other is the same hand's. Refuses itself, an unknown one, and saying it twice."""
    access.require(work.caller, "declareRelatedAccount")
    provider = await _declarer(work, command.provider_id)
    other = await provider_rows.get(work.connection, work.tenant_id, command.related_provider_id)
    await relation_rows.lock_all(work.connection, work.tenant_id)
    known = await relation_rows.find_by_pair(work.connection, work.tenant_id, provider.id, other.id)
    change = relations.declare_related_account(
        known, provider.id, other.id, command.note, id=work.new_id(RelationId), at=work.at
    )
    await work.keep(change)
    return Outcome({"relation": change.after.id})


async def clear_relation(work: Work, command: ClearRelation) -> Outcome:
    """The two have nothing to do with each other; what they share now never counts again. Refuses a cleared one."""
    access.require(work.caller, "clearRelation")
    relation = await relation_rows.lock(work.connection, work.tenant_id, command.relation_id)
    work.expect(relation)
    await work.keep(relations.clear_relation(relation, command.reason, work.caller, at=work.at))
    return Outcome({"relation": relation.id})


async def _declarer(work: Work, provider_id: ProviderId | None) -> Provider:
    """Who declares: the provider that calls, or the one that the desk names. Refuses another's with NotFound."""
    wanted = provider_id or work.caller.party_id
    if not isinstance(wanted, ProviderId):
        raise Invalid(Problem(("providerId",), "must name the provider that declares it"))
    if not work.caller.is_operator and wanted != work.caller.party_id:
        raise NotFound("There is no such provider.", field=("providerId",))
    return await provider_rows.lock(work.connection, work.tenant_id, wanted)
