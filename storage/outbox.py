"""Outbox: what happened, to be told to whoever listens, once it is committed.

Laws: every happening of a change has exactly one row (`keep` writes it in the same statement); per object the rows are
numbered by version and place, so that a receiver can put them in order and leave out what it has seen; a row leaves at
least once, and is marked when it has left.
"""

from typing import Final

from storage.writing import Insert

ROWS: Final = Insert(
    "outbox",
    ("id", "at", "name", "object_id", "sequence", "position", "facts"),
    ("text", "timestamptz", "text", "text", "integer", "smallint", "jsonb"),
)
