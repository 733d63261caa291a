"""Notes of staff on claims: rows that are added and never change."""

from typing import Final

from domain.claim_notes import ClaimNote
from storage.tables import Table

CLAIM_NOTES: Final = Table("claim_notes", ClaimNote)
