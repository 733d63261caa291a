"""API keys: issued, rotated, revoked. The secret is in the outcome's `once`, and nowhere else."""

import secrets

from api.operations.organisations import own_organisation
from domain import access, keys, organisations
from domain.ids import ApiKeyId
from domain.keys import IssueApiKey, KeyText, RevokeApiKey, RotateApiKey
from domain.tenants import PLANES, TenantKind
from storage import keys as key_rows
from storage.unit_of_work import Outcome, Work


async def issue_api_key(work: Work, command: IssueApiKey) -> Outcome:
    """The organisation has one more key. Refuses another's organisation (NotFound), more rights than the caller's."""
    access.require(work.caller, "issueApiKey")
    organisation = await own_organisation(work, command.organisation_id)
    text = await _new_text(work)
    now = await key_rows.real_now(work.connection)
    change = keys.issue_api_key(command, organisation, work.caller, id=text.id, secret_hash=text.digest, now=now)
    await work.keep(change)
    return Outcome({"apiKey": text.id}, once={"secret": str(text)})


async def rotate_api_key(work: Work, command: RotateApiKey) -> Outcome:
    """A new key stands beside the old one, which ends after the overlap. Refuses another's key (NotFound)."""
    access.require(work.caller, "rotateApiKey")
    key = await key_rows.lock(work.connection, work.tenant_id, command.key_id)
    organisations.require_own(work.caller, key.organisation_id)
    work.expect(key)
    text = await _new_text(work)
    now = await key_rows.real_now(work.connection)
    rotation = keys.rotate_api_key(
        key, work.caller, id=text.id, secret_hash=text.digest, overlap=command.overlap, now=now
    )
    await work.keep(rotation.issued, rotation.retired)
    return Outcome({"apiKey": text.id, "retired": key.id}, once={"secret": str(text)})


async def revoke_api_key(work: Work, command: RevokeApiKey) -> Outcome:
    """The key opens nothing any more. Refuses another's key (NotFound) and one that is revoked already."""
    access.require(work.caller, "revokeApiKey")
    key = await key_rows.lock(work.connection, work.tenant_id, command.key_id)
    organisations.require_own(work.caller, key.organisation_id)
    work.expect(key)
    await work.keep(keys.revoke_api_key(key, now=await key_rows.real_now(work.connection)))
    return Outcome({"apiKey": key.id})


async def _new_text(work: Work) -> KeyText:
    """A key nobody has seen yet, spelled for the sort of tenant it opens."""
    kind = await key_rows.tenant_kind(work.connection, work.tenant_id)
    return KeyText(PLANES[TenantKind(kind)], work.new_id(ApiKeyId), secrets.token_hex(keys.SECRET_BYTES))
