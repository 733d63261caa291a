"""Disputing a scan: the party that promised a day objects, in the hold window, to paying by tracking alone.

With it stands everything that can be done with a cover, which claims and disputes are the only uses of.

Laws: the window is that of the rule frozen in the cover (0 hours by default: then there is none); what is disputed is
decided by people, never by the clock.
"""

from dataclasses import dataclass
from datetime import datetime

from domain import coverage
from domain.access import Caller, may
from domain.coverage import Coverage, CoverageAction, CoverageState
from domain.dates import rfc3339
from domain.explain import Finding, unmet
from domain.guarantees import OnTimeTerms, automatic_after
from domain.moves import Move


@dataclass(frozen=True, slots=True)
class ScanFacts:
    """What a dispute rests on beside the cover: the promised instants of its order, earliest first, and a dispute."""

    promises: tuple[datetime, ...] = ()
    disputed: bool = False


def moves(cover: Coverage, facts: ScanFacts, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """Every action on the cover for that caller at that instant, each with all that stands in its way."""
    return (*coverage.moves(cover, caller, at), contactable(cover, caller), disputable(cover, facts, caller, at))


def contactable(cover: Coverage, caller: Caller) -> Move:
    """Whether the caller may tell the liable party of trouble: the buyer, and staff for it, whenever they want."""
    own = caller.is_operator or caller.party_id == cover.buyer_id
    role = Finding("coverage.role", own and may(caller, "contactParty"), "coverage_action_of_your_role")
    return Move(CoverageAction.CONTACT_PARTY.value, unmet((role,)))


def disputable(cover: Coverage, facts: ScanFacts, caller: Caller, at: datetime) -> Move:
    """Whether the caller can dispute the scan of the cover at `at`, and all that stands in the way."""
    rule = cover.rule
    windows = (
        [(promise, automatic_after(rule, promise)) for promise in facts.promises]
        if isinstance(rule, OnTimeTerms)
        else []
    )
    # The window that is open, else the next one, else the last one.
    window = next(((opens, closes) for opens, closes in windows if at <= closes), windows[-1] if windows else None)
    opens, closes = (None, None) if window is None else (rfc3339(window[0]), rfc3339(window[1]))
    is_open = window is not None and window[0] < at <= window[1]
    findings = (
        Finding(
            "scan.role", caller.party_id == cover.party_id and may(caller, "disputeScan"), "claim_action_of_your_side"
        ),
        Finding(
            "coverage.state",
            cover.state is CoverageState.IN_FORCE,
            "coverage_in_force",
            {"state": cover.state.value},
        ),
        Finding(
            "scan.window",
            is_open,
            "scan_window_open",
            {"opensAt": opens, "closesAt": closes},
            cover.rule_version_id,
            opens_at=opens,
            closes_at=closes,
        ),
        Finding("scan.once", not facts.disputed, "scan_not_disputed_before"),
    )
    opens_at, closes_at = (None, None) if window is None else window
    return Move(CoverageAction.DISPUTE_SCAN.value, unmet(findings), opens_at=opens_at, closes_at=closes_at)
