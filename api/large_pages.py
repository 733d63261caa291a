"""What lives as long as the process lies in large pages, where the system lends them.

A processor remembers where a few thousand pages of memory are, forgets them when another process has its turn, and has
to look every page up anew. A server has its turn between two statements of Postgres and touches all its memory at each
request; in pages of two megabytes instead of four kilobytes there are five hundred times fewer to look up. Only speed:
a system that has no such pages, or none free, or was told to lend none, leaves everything as it is.
"""

import ctypes
import re
import sys
from pathlib import Path
from typing import Final

PAGE: Final = 2 << 20
"""Bytes of a large page on the processors that we are run on; elsewhere the system refuses, and nothing changes."""

LENT: Final = Path("/sys/kernel/mm/transparent_hugepage/enabled")
"""To whom the system lends large pages, in brackets: `always`, `madvise` (to those who ask) or `never`."""

MAPS: Final = Path("/proc/self/maps")
OBJECTS: Final = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 *(?:\[heap\])?$", re.MULTILINE)
"""Memory of the process's own, which no file stands behind: where Python and its libraries keep their objects."""

_COLLAPSE: Final = 25
"""MADV_COLLAPSE of <linux/mman.h>: now, rather than when a service of the system comes by. Since Linux 6.1."""


def move_in() -> int:
    """What objects there are lie in large pages, as far as they fill whole ones: how many bytes of memory do now."""
    if sys.platform != "linux" or not LENT.exists() or "[never]" in LENT.read_text(encoding="ascii"):
        return 0
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    moved = 0
    for first, last in OBJECTS.findall(MAPS.read_text(encoding="ascii")):
        start, end = -(-int(first, 16) // PAGE) * PAGE, int(last, 16) // PAGE * PAGE
        if start < end and madvise(start, end - start, _COLLAPSE) == 0:
            moved += end - start
    return moved
