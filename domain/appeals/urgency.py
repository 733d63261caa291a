"""The urgent channel: which party may have a measure wait until its appeal against it was heard (`domain.md` 6.10, A7).

Laws: `conditions` is the one function that an urgent appeal is refused by and that explains beforehand what is missing;
what it asks for are numbers of the rule about appeals; a rule without the channel knows no urgent appeals.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.appeals.terms import AppealTerms
from domain.dates import DAY, rfc3339
from domain.explain import Finding, Input
from domain.measures import AccountMeasure, MeasureState


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the party beside the measure: since when it is here, every measure against it, its scorecard.

    `fraud` says whether it is for deceiving that the measure came.
    """

    since: datetime
    measures: tuple[AccountMeasure, ...]
    below: bool
    fraud: bool


def conditions(rule: AppealTerms, measure: AccountMeasure, party: Standing, at: datetime) -> tuple[Finding, ...]:
    """Every condition of an urgent appeal against the measure at `at`, met or not."""
    terms = rule.urgent
    kind = {"kind": measure.kind.value}
    grave = Finding(
        "appeal.urgent.measure", terms is not None and measure.kind in terms.measures, "appeal_urgent_measure", kind
    )
    if terms is None:
        return (grave,)
    since = at - terms.standing_days * DAY
    taken = [each.kind.value for each in _others(measure, party.measures, since)]
    effective = {"effectiveAt": rfc3339(measure.effective_at)}
    here: dict[str, Input] = {"since": rfc3339(party.since), "days": terms.standing_days}
    return (
        grave,
        Finding(
            "appeal.urgent.effect",
            measure.state is MeasureState.ANNOUNCED,
            "appeal_urgent_before_effect",
            effective,
            closes_at=effective["effectiveAt"],
        ),
        Finding("appeal.urgent.since", party.since <= since, "appeal_urgent_here_long_enough", here),
        Finding(
            "appeal.urgent.record",
            not taken,
            "appeal_urgent_nothing_else",
            {"measures": ", ".join(taken), "days": terms.standing_days},
        ),
        Finding("appeal.urgent.scorecard", not party.below, "appeal_urgent_at_standard"),
        Finding("appeal.urgent.fraud", not party.fraud, "appeal_urgent_no_fraud"),
    )


def _others(measure: AccountMeasure, against: Iterable[AccountMeasure], since: datetime) -> tuple[AccountMeasure, ...]:
    """What else was taken from the party since then, or still is; what was lifted or called off does not count."""
    gone = {MeasureState.LIFTED, MeasureState.CALLED_OFF}
    return tuple(
        each
        for each in against
        if each.id != measure.id
        and each.takes
        and each.state not in gone
        and (each.ended_at is None or each.ended_at >= since)
    )
