"""Tier sweeps: all buyers of a marketplace looked at, as of one instant, chunk by chunk.

Laws: every buyer that was registered at that instant is looked at once, in the order of ids; a sweep that was killed
goes on where its last chunk ended; a buyer about whom nothing is new is not written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.buyers import TierMove
from domain.change import Change, Happening
from domain.ids import BuyerId, TierSweepId

CHUNK: Final = 2_000
"""Buyers of one transaction: about a second's work, so that nobody waits long and memory stays flat."""


class SweepState(StrEnum):
    """Whether all buyers were looked at."""

    RUNNING = "RUNNING"
    """Not yet."""
    DONE = "DONE"
    """All."""


@dataclass(frozen=True, slots=True)
class TierSweep:
    """One evaluation of all buyers, and how many it told of an upgrade, of a downgrade, and of neither any more."""

    id: TierSweepId
    state: SweepState
    looked_at: datetime
    position: BuyerId | None
    buyers: int
    upgrades: int
    downgrades: int
    confirmed: int
    ended_at: datetime | None
    version: int


def begin_sweep(id: TierSweepId, at: datetime) -> Change[TierSweep]:
    """Buyers are looked at as of `at` from now on."""
    return Change(None, TierSweep(id, SweepState.RUNNING, at, None, 0, 0, 0, 0, None, 1), (_happening("begun", 0),))


def advance_sweep(
    sweep: TierSweep, position: BuyerId | None, buyers: int, moved: Sequence[TierMove], *, at: datetime
) -> Change[TierSweep]:
    """One chunk more was looked at, up to `position`; the sweep is over if there was no buyer left (None)."""
    upwards = sum(_rises(move) for move in moved)
    downwards = sum(_falls(move) for move in moved)
    after = replace(
        sweep,
        position=position or sweep.position,
        buyers=sweep.buyers + buyers,
        upgrades=sweep.upgrades + upwards,
        downgrades=sweep.downgrades + downwards,
        confirmed=sweep.confirmed + len(moved) - upwards - downwards,
        state=SweepState.RUNNING if position else SweepState.DONE,
        ended_at=None if position else at,
        version=sweep.version + 1,
    )
    return Change(sweep, after, (_happening("advanced" if position else "ended", after.buyers),))


def _rises(move: TierMove) -> bool:
    after = move.buyer.after
    return after.is_upgrade_pending or (move.buyer.before is not None and after.level > move.buyer.before.level)


def _falls(move: TierMove) -> bool:
    after = move.buyer.after
    return after.pending_level is not None and after.pending_level < after.level


def _happening(what: str, buyers: int) -> Happening:
    return Happening(f"tier_sweep.{what}", {"buyers": buyers})
