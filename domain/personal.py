"""Personal data: addresses and e-mail addresses, kept apart from everything else so that they can be erased.

Laws: an aggregate holds a keyed digest of a personal value and never the value; the key is the tenant's, so that equal
values of two tenants have unequal digests, and nobody can find a value by trying without the key.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from domain.ids import Id


@dataclass(frozen=True, slots=True)
class PersonalDatum:
    """One personal value of one thing; `value` is None once it was erased."""

    owner_id: Id
    field: str
    value: Mapping[str, Any] | None
    written_at: datetime
    erased_at: datetime | None = None


def digest(key: bytes, value: Mapping[str, Any]) -> str:
    """The keyed digest of the value, in hexadecimal; equal values have equal digests under the same key."""
    spelled = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(key, spelled.encode(), sha256).hexdigest()
