"""Relations of providers and suppliers: noted as fingerprints, declared by providers, found and cleared by the desk."""

from domain import access, relations, suppliers
from domain.errors import Invalid, NotFound, Problem
from domain.ids import LiablePartyId, ProviderId, RelationId, SupplierId
from domain.providers import Provider
from domain.relations import ClearRelation, DeclareRelatedAccount, Fingerprint, RelateAccounts, RelationKind
from domain.suppliers import IdentifySupplier
from storage import providers as provider_rows
from storage import relations as relation_rows
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work


async def note(work: Work, party_id: LiablePartyId, kind: RelationKind, value: str) -> None:
    """The party has that owner, tax number, bank account or device; whoever has the same is related to it.

    The value itself is kept nowhere. Noted twice is noted once; a value without a letter or digit says nothing.
    """
    normal = relations.normal(kind, value)
    if not normal:
        return
    digest = work.digest(f"{kind.value}:{normal}")
    await relation_rows.lock_all(work.connection, work.tenant_id)
    if await relation_rows.is_noted(work.connection, work.tenant_id, party_id, kind, digest):
        return
    for other in await relation_rows.by_fingerprint(work.connection, work.tenant_id, kind, digest):
        known = await relation_rows.find_by_pair(work.connection, work.tenant_id, party_id, other)
        first_id, second_id = sorted((party_id, other))
        change = relations.detect(known, first_id, second_id, kind, digest, id=work.new_id(RelationId), at=work.at)
        if change is not None:
            await work.keep(change)
    work.add(Fingerprint(party_id, kind, digest, work.at))


async def identify_supplier(work: Work, command: IdentifySupplier) -> Outcome:
    """It is known who is behind the supplier; whoever has the same owner, tax number or account is related to it.

    Refuses with Invalid to say nothing.
    """
    access.require(work.caller, "identifySupplier")
    known = command.known()
    supplier = await supplier_rows.lock(work.connection, work.tenant_id, command.supplier_id)
    work.expect(supplier)
    await work.keep(suppliers.identify_supplier(supplier, known))
    for kind, value in known.items():
        await note(work, supplier.id, kind, value)
    return Outcome({"supplier": supplier.id})


async def relate_accounts(work: Work, command: RelateAccounts) -> Outcome:
    """The desk has found that the two are one hand's, which binds both. Refuses unknown ones, and what was found."""
    access.require(work.caller, "relateAccounts")
    told = work.told
    for field, party_id in (("firstId", command.first_id), ("secondId", command.second_id)):
        with told:
            await _known(work, party_id, field)
    told.done()
    await relation_rows.lock_all(work.connection, work.tenant_id)
    known = await relation_rows.find_by_pair(work.connection, work.tenant_id, command.first_id, command.second_id)
    change = relations.relate_accounts(known, command, id=work.new_id(RelationId), at=work.at)
    await work.keep(change)
    return Outcome({"relation": change.after.id})


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


async def _known(work: Work, party_id: LiablePartyId, field: str) -> None:
    """Returns if there is such a provider or supplier. Refuses with NotFound."""
    if isinstance(party_id, SupplierId):
        found: object = await supplier_rows.SUPPLIERS.find(work.connection, work.tenant_id, party_id)
    else:
        found = await provider_rows.PROVIDERS.find(work.connection, work.tenant_id, party_id)
    if found is None:
        raise NotFound("There is no such account.", field=(field,))
