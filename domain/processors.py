"""Payment processors: who tells of chargebacks, by signed webhooks (Standard Webhooks), in whatever order.

    webhook-id          the sender's own number of the event: sent again, it counts once
    webhook-timestamp   seconds of the real clock, at most some minutes away from ours
    webhook-signature   "v1,<base64>" of HMAC-SHA256 over "<id>.<timestamp>.<body>", several parted by blanks

Laws: a processor's secret is shown once and kept nowhere: it is derived from the deployment's own, the tenant, the
processor and how often it was rotated; after a rotation the secret before it is good for a while; a revoked processor's
signatures are worth nothing; a signature is compared in a time that says nothing of where it differs.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from domain import texts
from domain.change import Change, Happening
from domain.errors import Conflict, Invalid
from domain.ids import ProcessorId, TenantId

PREFIX: Final = "whsec_"
"""What a secret begins with where it is spelled."""
TOLERANCE: Final = timedelta(minutes=5)
"""How far the sender's clock may be from ours: what Standard Webhooks recommends."""

SIGNATURES_MAX: Final = 10
"""Signatures of one request that are looked at: two of a rotation, and some that are not ours."""
VERSION: Final = "v1"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when timestamps count."""
DIGITS_MAX: Final = 10
"""Of a timestamp in seconds: enough until the year 2286."""


@dataclass(frozen=True, slots=True)
class Processor:
    """A payment processor. `generation` counts its secrets; the one before is good until `old_until`."""

    id: ProcessorId
    name: str
    generation: int
    old_until: datetime | None
    registered_at: datetime
    revoked_at: datetime | None
    version: int

    def generations(self, now: datetime) -> tuple[int, ...]:
        """The secrets that are good at `now`, by the real clock: none once it is revoked."""
        if self.revoked_at is not None:
            return ()
        before = self.old_until is not None and now <= self.old_until
        return (self.generation, self.generation - 1) if before else (self.generation,)


@dataclass(frozen=True, slots=True)
class RegisterProcessor:
    """A processor shall tell of chargebacks."""

    name: str


@dataclass(frozen=True, slots=True)
class TurnProcessor:
    """A processor gets a new secret, or is heard no longer."""

    processor_id: ProcessorId


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request says of itself in its headers."""

    event_id: str
    timestamp: str
    signatures: str


def register_processor(command: RegisterProcessor, *, id: ProcessorId, at: datetime) -> Change[Processor]:
    """The processor may tell of chargebacks. Refuses an empty or too long name."""
    name = command.name.strip()
    if problems := tuple(texts.name_problems(name, "name")):
        raise Invalid(*problems)
    processor = Processor(id, name, 1, None, at, None, version=1)
    return Change(None, processor, (Happening("processor.registered", {}),))


def rotate_secret(processor: Processor, overlap: timedelta, now: datetime) -> Change[Processor]:
    """A new secret stands beside the old one, which ends after `overlap`. Refuses (Conflict) a revoked processor."""
    _require_heard(processor)
    after = replace(
        processor, generation=processor.generation + 1, old_until=now + overlap, version=processor.version + 1
    )
    return Change(processor, after, (Happening("processor.secret_rotated", {"generation": after.generation}),))


def revoke_processor(processor: Processor, at: datetime) -> Change[Processor]:
    """The processor is heard no longer. Refuses (Conflict) one that is revoked already."""
    _require_heard(processor)
    after = replace(processor, revoked_at=at, version=processor.version + 1)
    return Change(processor, after, (Happening("processor.revoked", {}),))


def _require_heard(processor: Processor) -> None:
    if processor.revoked_at is not None:
        raise Conflict("The processor is revoked: register it anew.", field=("processorId",))


# -- signatures --------------------------------------------------------------------------------------------------------


def secret(master: bytes, tenant_id: TenantId, id: ProcessorId, generation: int) -> bytes:
    """The processor's secret of that generation."""
    text = f"makegood payment processor {tenant_id} {id} {generation}"
    return hmac.new(master, text.encode(), hashlib.sha256).digest()


def spelled(key: bytes) -> str:
    """The secret as Standard Webhooks spell it."""
    return PREFIX + base64.b64encode(key).decode()


def sign(key: bytes, event_id: str, timestamp: str, body: bytes) -> str:
    """The signature of a request, as it stands in its header."""
    digest = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"{VERSION},{base64.b64encode(digest).decode()}"


def genuine(signed: Signed, body: bytes, keys: Sequence[bytes], now: datetime) -> bool:
    """Whether one of the keys signed that request, about now."""
    if not (signed.timestamp.isascii() and signed.timestamp.isdecimal() and len(signed.timestamp) <= DIGITS_MAX):
        return False
    if abs(now - EPOCH - timedelta(seconds=int(signed.timestamp))) > TOLERANCE:
        return False
    expected = [sign(key, signed.event_id, signed.timestamp, body) for key in keys]
    given = [one for one in signed.signatures.split(" ")[:SIGNATURES_MAX] if _well_spelled(one)]
    same = [hmac.compare_digest(one, other) for one in given for other in expected]
    return any(same)


def _well_spelled(signature: str) -> bool:
    version, _, text = signature.partition(",")
    try:
        return version == VERSION and len(base64.b64decode(text, validate=True)) == hashlib.sha256().digest_size
    except (binascii.Error, ValueError):
        return False
