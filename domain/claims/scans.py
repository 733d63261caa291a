"""Disputing a scan: the party that promised a day objects, in the hold window, to paying by tracking alone.

Laws: the window is that of the rule frozen in the cover (0 hours by default: then there is none); what is disputed is
decided by people, never by the clock.
"""

from datetime import datetime

from domain.access import Caller, may
from domain.coverage import Coverage, CoverageState
from domain.dates import rfc3339
from domain.explain import Finding
from domain.guarantees import OnTimeTerms, automatic_after
from domain.orders import Order


def disputable(cover: Coverage, order: Order, caller: Caller, at: datetime, *, disputed: bool) -> tuple[Finding, ...]:
    """Whether the caller can dispute the scan of the cover at `at`, and all that stands in the way."""
    rule = cover.rule
    windows = (
        [(promise, automatic_after(rule, promise)) for promise in order.promises]
        if isinstance(rule, OnTimeTerms)
        else []
    )
    # The window that is open, else the next one, else the last one.
    window = next(((opens, closes) for opens, closes in windows if at <= closes), windows[-1] if windows else None)
    opens, closes = (None, None) if window is None else (rfc3339(window[0]), rfc3339(window[1]))
    is_open = window is not None and window[0] < at <= window[1]
    return (
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
        Finding("scan.once", not disputed, "scan_not_disputed_before"),
    )
