"""Libraries as a server needs them: what they take in by themselves is imported when it is used, which is mostly never.

uvicorn takes in a reader of command lines and a starter of processes, redis-py its clients of clusters and sentinels,
prometheus_client a web server, Strawberry a second dialect and a parser of dates: eighty modules, and with what those
take in two hundred. Each server would read them at every start and hold twelve MiB of them for its whole life, so
processes that keep running import this module before any other of ours.
"""

import contextlib
import importlib
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Final

import domain  # noqa: F401 - before any dataclass of theirs is made (`domain/values.py`)

LATER: Final = {
    "uvicorn": ("uvicorn.main", "logging.config"),  # the first with click, multiprocessing and what watches sources
    "starlette.exceptions": ("http.client",),
    "websockets.version": ("importlib.metadata",),
    "prometheus_client": ("http.server", "urllib.request", "wsgiref.simple_server"),
    "redis.asyncio": (
        "importlib.metadata",
        "redis.asyncio.cluster",
        "redis.asyncio.keyspace_notifications",
        "redis.asyncio.sentinel",
        "redis.cluster",
        "redis.commands.cluster",
        "redis.connection",
        "redis.keyspace_notifications",
        "redis.sentinel",
    ),
    "strawberry": ("dateutil", "dateutil.parser", "strawberry.experimental", "strawberry.federation"),
    "stdnum.iban": ("pydoc", "zipfile"),
}
"""Library -> modules that it names and that nothing of ours comes to use, or hardly ever."""


class _Later(ModuleType):
    """In the place of a module while a library that names it is imported: the module itself is imported at a use."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []  # there may be modules below it
        self.named = True
        """Names are taken out of it, and none is used yet."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if not self.named:
            return getattr(importlib.import_module(self.__name__), name)

        def used(_cls: type, *given: Any, **named: Any) -> Any:
            return getattr(importlib.import_module(self.__name__), name)(*given, **named)

        return type(name, (), {"__new__": used})  # to be called, or inherited from by what is never used either


@contextlib.contextmanager
def _later(*names: str) -> Iterator[None]:
    """Inside, imports of the modules of those names put them off; who has them already keeps them as they are."""
    later = {name: _Later(name) for name in names if name not in sys.modules}
    sys.modules.update(later)
    _show(later)
    try:
        yield
    finally:
        _show(later)
        for name, module in later.items():
            module.named = False
            del sys.modules[name]


def _show(modules: Mapping[str, ModuleType]) -> None:
    """Packages that are there have them as attributes, as after `import package.module`."""
    for name, module in modules.items():
        package, _, below = name.rpartition(".")
        if package in sys.modules:
            vars(sys.modules[package]).setdefault(below, module)


@contextlib.contextmanager
def _absent(name: str) -> Iterator[None]:
    """Inside, that package cannot be imported, as if it were not installed; who has it keeps it."""
    known = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]  # makes an import fail, as documented
    try:
        yield
    finally:
        del sys.modules[name]
        if known is not None:
            sys.modules[name] = known


with _absent("rich"):  # structlog would colour a terminal that is not there, and take in pygments and attrs for it
    importlib.import_module("structlog")
for _library, _names in LATER.items():
    with _later(*_names):
        importlib.import_module(_library)
