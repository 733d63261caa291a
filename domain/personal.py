"""Personal data: addresses and e-mail addresses, kept apart from everything else so that they can be erased.

Law: an aggregate holds a digest of a personal value and never the value. The digest is keyed by the tenant
(`work.digest`), so that equal values of two tenants have unequal digests, and nobody without the key finds a value by
trying.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
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
