"""Claim options: for each cover of an order and each reason, whether a claim can be opened now, and why not.

Law: nothing here decides anything. The findings are those with which `openClaim` refuses: of `coverage.conditions`, of
the promise's own judge, of the profile's time to file and of other claims for the same loss. So an option is available
if and only if, with the same facts at the same instant, the mutation is not refused for them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from domain import coverage, guarantees, procedure
from domain.access import Caller, may
from domain.claims import REASONS, ClaimReason, may_open, rulings
from domain.claims.overlaps import OtherClaim, one_loss
from domain.copies import replace
from domain.coverage import Coverage
from domain.dates import Calendar, instant
from domain.errors import Refused
from domain.exchange_rates import Conversion
from domain.explain import Finding, unmet
from domain.guarantees import OrderFacts, Promise, ServiceFacts
from domain.ids import CoverageId
from domain.money import Money
from domain.procedure import ClaimClocks, FilingFacts
from domain.service_requests import RECORDED

Rate = Conversion | Refused | None
"""The rate from the cap's currency into the order's, that it is missing, or that none is needed."""


@dataclass(frozen=True, slots=True)
class ClaimOption:
    """One way to claim. `amount` is what the rule gives for the facts as they stand; None where a rate is missing.

    `opens_at` and `closes_at` are the narrower of the cover's window and of the profile's time to file for the reason.
    """

    coverage: CoverageId
    promise: Promise
    reason: ClaimReason | None
    available: bool
    because: tuple[Finding, ...]
    opens_at: datetime | None
    closes_at: datetime | None
    amount: Money | None


@dataclass(frozen=True, slots=True)
class Profile:
    """The clocks that would govern a claim now, and the calendar that they count in: the marketplace's own."""

    clocks: ClaimClocks
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Occasion:
    """What went before a claim under a cover: what its time to file counts from, and other claims of the order."""

    filing: FilingFacts
    others: tuple[OtherClaim, ...] = ()


def claim_options(
    covers: Iterable[Coverage],
    facts: Mapping[CoverageId, OrderFacts],
    caller: Caller,
    at: datetime,
    *,
    rates: Mapping[CoverageId, Rate],
    profile: Profile,
    occasions: Mapping[CoverageId, Occasion] = MappingProxyType({}),
    services: Mapping[CoverageId, tuple[ServiceFacts, ...]] = MappingProxyType({}),
) -> tuple[ClaimOption, ...]:
    """Every option of the order's covers for the caller at `at`, in the order of the covers and of the reasons.

    `facts` are what is recorded of the order, as each cover's party answers for it; `profile` is whose clocks would
    govern a claim; `occasions` and `services` are what is recorded for each cover: what went before a claim, and the
    services requested under it.
    """
    return tuple(
        _option(
            cover,
            reason,
            replace(facts[cover.id], services=services.get(cover.id, ())) if reason in RECORDED else facts[cover.id],
            caller,
            at,
            rates[cover.id],
            profile,
            occasions.get(cover.id, Occasion(FilingFacts())),
        )
        for cover in covers
        for reason in reasons(cover)
    )


def reasons(cover: Coverage) -> tuple[ClaimReason | None, ...]:
    """What can be claimed under the cover; None stands alone where no reason claims under such a promise yet."""
    return tuple(reason for reason, rule in REASONS.items() if cover.promise in rule.promises) or (None,)


def _option(
    cover: Coverage,
    reason: ClaimReason | None,
    facts: OrderFacts,
    caller: Caller,
    at: datetime,
    rate: Rate,
    profile: Profile,
    occasion: Occasion,
) -> ClaimOption:
    own = caller.is_operator or caller.party_id == cover.buyer_id
    findings: tuple[Finding, ...] = (
        Finding("coverage.role", own and may(caller, "openClaim"), "coverage_action_of_your_role"),
        Finding("claim.reason", reason is not None, "claim_reason_exists", {"promise": cover.promise.value}),
    )
    amount: Money | None = None
    timed = conditions = coverage.conditions(cover, at)
    if reason is not None:
        facts = replace(facts, complaint=rulings.complaint(reason))
        fileable = procedure.fileable(profile.clocks, reason, occasion.filing, at, profile.calendar)
        findings, timed = (*findings, may_open(reason, caller), *fileable), (*conditions, *fileable)
    if isinstance(rate, Refused):
        findings = (*findings, *conditions, *rate.unmet)
    else:
        judgement = guarantees.judge(cover.rule, facts, at, conversion=rate, besides=conditions)
        findings, amount = (*findings, *judgement.grounds.because), judgement.amount
        if reason is not None:
            findings = (*findings, *one_loss(judgement.cause, judgement.late_line_ids, occasion.others))
    because = unmet(findings)
    opens = [instant(finding.opens_at) for finding in timed if finding.opens_at is not None]
    closes = [instant(finding.closes_at) for finding in timed if finding.closes_at is not None]
    return ClaimOption(
        cover.id,
        cover.promise,
        reason,
        not because,
        because,
        max(opens, default=None),
        min(closes, default=None),
        amount,
    )
