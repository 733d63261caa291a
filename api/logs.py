"""Logs: one JSON object per line, and nothing in it that is secret or personal.

Law: masking is by name and by shape. A value under a name that speaks of a secret or of a person is never written, and
keys, tokens and e-mail addresses are recognised inside any text, tracebacks included.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import orjson
import structlog

MASK: Final = "[masked]"

_NAMES: Final = re.compile(
    r"authorization|cookie|token|secret|password|passwd|credential|signature|api_?key"
    r"|e_?mail|phone|address|recipient|full_?name|first_?name|last_?name|street|postal|postcode",
    re.IGNORECASE,
)
_SHAPES: Final = re.compile(
    r"mg_(?:live|test)_[0-9a-z]{26}_[0-9A-Za-z]+"  # keys
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*"  # JSON web tokens
    r"|[Bb]earer\s+\S+"
    r"|://[^/\s:@]+:[^/\s@]+@"  # passwords in addresses of servers
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail addresses
)
_NESTING_MAX: Final = 8


def configure(level: str, stream: TextIO | None = None) -> None:
    """Everything that is logged in this process, by us or by a library, is written to `stream` (standard error)."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, masked, _json],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn.access").disabled = True


def masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The entry without secrets and personal data."""
    return {name: MASK if _NAMES.search(name) else mask(value) for name, value in event.items()}


def mask(value: Any, depth: int = 0) -> Any:
    """The value with every secret or personal part of it replaced, at any depth."""
    if isinstance(value, str):
        return _SHAPES.sub(MASK, value)
    if depth >= _NESTING_MAX:
        return MASK
    if isinstance(value, dict):
        return {
            str(name): MASK if _NAMES.search(str(name)) else mask(child, depth + 1) for name, child in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [mask(child, depth + 1) for child in value]
    return value if isinstance(value, int | float | bool | None) else _SHAPES.sub(MASK, str(value))


def _json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    return orjson.dumps(event, default=str).decode()
