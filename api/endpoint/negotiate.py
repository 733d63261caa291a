"""Media types: what the client sends and what it wants back (GraphQL over HTTP, 5 and 6; RFC 9110, 12.5.1)."""

from enum import Enum
from functools import lru_cache


class Media(Enum):
    """What an answer can be sent as. `header` is its Content-Type, ready to be sent."""

    RESPONSE = b"application/graphql-response+json"
    """The released specification's own type: the status code tells request errors from answers."""
    JSON = b"application/json"
    """The older type: 200 for every well-formed request, whatever came of it."""
    EVENTS = b"text/event-stream"
    """Server-sent events, for subscriptions."""

    def __init__(self, name: bytes) -> None:
        self.header = (b"content-type", name + b"; charset=utf-8")


DEFAULT = Media.JSON
"""When the client says nothing, or accepts anything: what older clients expect, and what the audits ask for."""

EXACT = 3

_PREFERRED = (Media.JSON, Media.RESPONSE, Media.EVENTS)
"""Which one, when the client likes several equally and names none before the others."""


@lru_cache(maxsize=512)
def wanted(accept: bytes | None) -> Media | None:
    """What the client wants most of what there is; None when it accepts none of it (406).

    Between equals the one named first wins. Whoever names no type exactly gets JSON.
    """
    if not accept or not accept.strip():
        return DEFAULT
    best: tuple[float, int, int] | None = None
    chosen: Media | None = None
    ranges = [_range(part) for part in accept.lower().split(b",")]
    for order, media in enumerate(_PREFERRED):
        matches = [
            (precision, weight, -position)
            for position, (name, weight) in enumerate(ranges)
            if (precision := _precision(name, media.value)) and (media is not Media.EVENTS or precision == EXACT)
        ]
        if not matches:
            continue
        precision, weight, position = max(matches)
        rank = (weight, position if precision == EXACT else -len(ranges), -order)
        if weight > 0 and (best is None or rank > best):
            best, chosen = rank, media
    return chosen


@lru_cache(maxsize=512)
def is_json(content_type: bytes | None) -> bool:
    """Whether a body of that Content-Type is read: application/json in UTF-8, which is meant when nothing is said."""
    name, *parameters = (content_type or b"").lower().split(b";")
    if name.strip() != Media.JSON.value:
        return False
    said = dict(_parameter(parameter) for parameter in parameters if parameter.strip())
    return said.get(b"charset", b"utf-8") in {b"utf-8", b"utf8"}


def _parameter(text: bytes) -> tuple[bytes, bytes]:
    name, _, value = text.partition(b"=")
    return name.strip(), value.strip().strip(b'"')


def _range(text: bytes) -> tuple[bytes, float]:
    """A range of the Accept header and its weight; a weight that cannot be read counts as none."""
    name, *parameters = text.split(b";")
    weight = dict(_parameter(parameter) for parameter in parameters).get(b"q", b"1")
    try:
        return name.strip(), min(max(float(weight), 0.0), 1.0)
    except ValueError:
        return name.strip(), 0.0


def _precision(name: bytes, media: bytes) -> int:
    """How precisely a range names a type: EXACT, 2 its family, 1 anything, 0 not at all."""
    if name == media:
        return EXACT
    if name == media.partition(b"/")[0] + b"/*":
        return 2
    return 1 if name == b"*/*" else 0
