"""CPU and memory of processes, from /proc: what a request costs, whatever else the machine does."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds of the server and of Postgres, up to some instant."""

    server: float
    postgres: float

    def since(self, earlier: Spent) -> Spent:
        """What was spent between the two."""
        return Spent(self.server - earlier.server, self.postgres - earlier.postgres)

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.server + other.server, self.postgres + other.postgres)


def spent(server: int, postmaster: int) -> Spent:
    """What the server's process and all of Postgres's have used so far."""
    return Spent(_seconds([server]), _seconds([postmaster, *_children(postmaster)]))


def memory_mib(process: int) -> float:
    """Resident memory."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"process {process} has no memory")


def _seconds(processes: Iterable[int]) -> float:
    """User and system time, with that of children that ended and were waited for."""
    ticks = 0
    for process in processes:
        try:
            fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
        except FileNotFoundError:  # a backend that ended meanwhile: the postmaster's own row has its time
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS_PER_SECOND


def _children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
