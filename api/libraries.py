"""Libraries as a server needs them: without what they take in by themselves wherever it is installed.

structlog would take in rich, and with it pygments and attrs, to colour a terminal that is not there; uvicorn would take
in watchfiles, to start anew when sources change. Both came with other parts of the platform. Each server would hold
five MiB of them for its whole life, so processes that keep running import this module before any other of ours.
"""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def _absent(*packages: str) -> Iterator[None]:
    """Inside, packages of those names cannot be imported, as if they were not installed; who has them keeps them."""
    known = {name: sys.modules[name] for name in packages if name in sys.modules}
    sys.modules.update(dict.fromkeys(packages))  # type: ignore[arg-type]  # None makes an import fail, as documented
    try:
        yield
    finally:
        for name in packages:
            del sys.modules[name]
        sys.modules.update(known)


with _absent("rich", "watchfiles"):
    import structlog
    import uvicorn

__all__ = ["structlog", "uvicorn"]
