"""Appeals with their rounds, and what can be appealed: each kind of subject as it stands (`domain/appeals.py`).

Adding a kind is a row of `domain.appeals.SUBJECTS`, one of `_SUBJECTS` here, and one per effect in
`api/operations/appeal_effects.py`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain import appeals, claims
from domain.appeals import SUBJECTS, Appeal, AppealEffect, AppealRound, AppealTerms, Standing, Subject, SubjectKind
from domain.capabilities import OF_MEASURE
from domain.claims import Claim, ClaimOutcome, ClaimState, Side
from domain.coupons import CouponState
from domain.dates import Calendar
from domain.errors import NotFound, Refused
from domain.explain import Finding
from domain.ids import (
    AppealId,
    ClaimId,
    CouponId,
    DecisionId,
    Id,
    LiablePartyId,
    MeasureId,
    PartyId,
    PointsEntryId,
    RecoveryId,
    RestrictionId,
    ReviewId,
    SupplierId,
    TenantId,
    kind_of,
)
from domain.measures import LIVE as STANDING_MEASURES
from domain.measures import AccountMeasure, MeasureState
from domain.points import COUNTING
from domain.providers import Provider
from domain.recoveries import Recovery
from domain.remedies import IN_KIND, Remedy
from domain.reviews import ReviewState
from domain.scorecards import Standing as ScoreStanding
from domain.suppliers import Supplier
from storage import (
    capabilities,
    coupons,
    decisions,
    measures,
    points,
    providers,
    recoveries,
    remedies,
    reviews,
    scorecards,
    suppliers,
)
from storage.claims import CLAIMS
from storage.pool import Connection
from storage.tables import Children, Table, Twin

APPEAL_ROUNDS: Final = Table("appeal_rounds", AppealRound)
APPEALS: Final = Table(
    "appeals",
    Appeal,
    children={"rounds": Children(APPEAL_ROUNDS, by="appeal_id", order="number")},
    conflicts={"appeals_once": Twin("You appealed this already: once per decision.", "subjectId")},
)


async def get(connection: Connection, tenant_id: TenantId, id: AppealId) -> Appeal:
    """The appeal. Refuses with NotFound."""
    return await APPEALS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: AppealId) -> Appeal:
    """The appeal, this transaction's until its end. Refuses with NotFound. Lock what it is about first."""
    return await APPEALS.lock(connection, tenant_id, id)


async def find_filed(
    connection: Connection, tenant_id: TenantId, subject: Subject, party_id: PartyId | None
) -> AppealId | None:
    """The party's appeal against it that was filed, whatever came of it; None where there is none.

    Drafts do not count. What the party's own appeal decided is not appealed by it once more.
    """
    where = (
        "t.subject_id = $2 AND coalesce(t.buyer_id, t.supplier_id, t.provider_id) = $3 AND t.state <> 'DRAFT' "
        "AND (t.subject_key = $4 OR t.decided_at = $5) ORDER BY t.id LIMIT 1"
    )
    found = await APPEALS.select(connection, tenant_id, where, subject.id, party_id, subject.key, subject.decided_at)
    return found[0].id if found else None


async def others_running(connection: Connection, tenant_id: TenantId, appeal: Appeal) -> bool:
    """Whether another appeal of a side against the same thing runs: of two sides, the other's."""
    where = (
        "t.subject_id = $2 AND t.id <> $3 AND t.state <> 'DRAFT' AND t.ended_at IS NULL"
        " AND t.respondent_id IS NOT NULL LIMIT 1"
    )
    return bool(await APPEALS.select(connection, tenant_id, where, appeal.subject_id, appeal.id))


async def freed(connection: Connection, tenant_id: TenantId, claim: Claim) -> frozenset[LiablePartyId]:
    """The parties that their own appeals freed of what the claim costs them."""
    where = "t.subject_id = $2 AND t.buyer_id IS NULL AND 'MONEY' = ANY (t.undone)"
    found = await APPEALS.select(connection, tenant_id, where, claim.id)
    return frozenset(party for each in found if (party := each.supplier_id or each.provider_id) is not None)


async def stayed(connection: Connection, tenant_id: TenantId, measure_id: MeasureId) -> bool:
    """Whether the measure waits for the outcome of an urgent appeal."""
    where = "t.subject_id = $2 AND t.stays LIMIT 1"
    return bool(await APPEALS.select(connection, tenant_id, where, measure_id))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a subject is looked up by."""

    connection: Connection
    tenant_id: TenantId
    rule: AppealTerms
    calendar: Calendar
    at: datetime


async def subject(asked: Asked, id: Id) -> Subject:
    """What that id names, as something that can be appealed. Refuses with NotFound what cannot be."""
    found = _SUBJECTS.get(kind_of(id))
    if found is None:
        raise NotFound("There is nothing with that id that can be appealed.", field=("subjectId",))
    return await found(asked, id)


async def _claim(asked: Asked, id: Id) -> Subject:
    claim = await CLAIMS.get(asked.connection, asked.tenant_id, ClaimId(id))
    entries: dict[PartyId, tuple[PointsEntryId, ...]] = {}
    for each in await points.by_causes(asked.connection, asked.tenant_id, [claim.id]):
        if each.state in COUNTING:
            entries[each.party_id] = (*entries.get(each.party_id, ()), each.id)
    owed = await recoveries.by_claim(asked.connection, asked.tenant_id, claim.id)
    given: list[Remedy] = []
    if any(line.remedy in IN_KIND for line in claim.lines):
        given = await remedies.by_claim(asked.connection, asked.tenant_id, claim.id)
    decided_at = claim.decided_at or claim.opened_at
    return Subject(
        kind=SubjectKind.CLAIM_DECISION,
        id=claim.id,
        key=str(claim.decision_id or claim.id),
        decision_id=claim.decision_id,
        decided_by=await _decider(asked, claim.decision_id),
        until=claim.appealable_until
        or appeals.filing_until(asked.rule, SubjectKind.CLAIM_DECISION, decided_at, asked.calendar),
        appellants={**_sharers(claim, owed, entries), **_sides(claim, entries, given)},
        standing=(
            Finding(
                "appeal.stands",
                claim.outcome is not None and (claim.state in APPEALABLE_CLAIMS or claim.resumes in APPEALABLE_CLAIMS),
                "appeal_subject_stands",
                {"state": claim.state.value},
            ),
            Finding(
                "appeal.own",
                not await accepted(asked.connection, asked.tenant_id, claim),
                "appeal_not_of_own_acceptance",
            ),
        ),
        order_id=claim.order_id,
        entries=entries,
        sides=(claim.buyer_id, claim.party_id),
        decided_at=claim.decided_at,
    )


async def accepted(connection: Connection, tenant_id: TenantId, claim: Claim) -> bool:
    """Whether the claim stands as it does because the liable party accepted it."""
    text = (
        "SELECT EXISTS (SELECT FROM claim_events WHERE tenant_id = $1 AND claim_id = $2 AND name = 'claim.accepted'"
        " AND at = $3)"
    )
    found: bool = await connection.fetchval(text, tenant_id, claim.id, claim.decided_at)
    return found


APPEALABLE_CLAIMS: Final = frozenset({ClaimState.DECIDED, ClaimState.REMEDY_IN_PROGRESS, ClaimState.CLOSED})
"""States of a claim whose decision stands: nobody decides anew, and nothing but the other side's appeal interrupts."""

LOST_BY_BUYER: Final = frozenset({ClaimOutcome.DENIED, ClaimOutcome.NO_EVIDENCE})
LOST_BY_PARTY: Final = frozenset({ClaimOutcome.GRANTED, ClaimOutcome.PARTLY})
"""Who lost by a decision, wholly; what the two sides agreed on was lost by nobody."""


def _sharers(
    claim: Claim, owed: Iterable[Recovery], entries: Mapping[PartyId, tuple[PointsEntryId, ...]]
) -> Mapping[PartyId, frozenset[AppealEffect]]:
    """Who is no side of the claim and bears a share of it, and what can be undone for it: that share and its points.

    A share that was waived or never fell due is nothing to appeal any more.
    """
    if Side.LIABLE_PARTY not in claims.REASONS[claim.reason].appeal:
        return {}
    bearing = {each.party_id for each in owed if (each.due + each.contingent).minor} - {claim.party_id}
    money, pointed = frozenset({AppealEffect.MONEY}), frozenset({AppealEffect.POINTS})
    return {party_id: money | pointed if party_id in entries else money for party_id in bearing}


def _sides(
    claim: Claim, entries: Mapping[PartyId, tuple[PointsEntryId, ...]], given: Iterable[Remedy]
) -> Mapping[PartyId, frozenset[AppealEffect]]:
    """Who lost by the claim's decision, if its reason lets that side appeal, and what can be undone for it.

    Both do where the buyer got less than it asked for. `given` are the claim's remedies, where some are in kind.
    """
    allowed, pointed = claims.REASONS[claim.reason].appeal, claim.party_id in entries
    found: dict[PartyId, frozenset[AppealEffect]] = {}
    lost = claim.outcome in LOST_BY_BUYER or (claim.outcome in LOST_BY_PARTY and claims.fell_short(claim, given))
    if lost and Side.BUYER in allowed:
        found[claim.buyer_id] = frozenset({AppealEffect.MONEY})
    if claim.outcome in LOST_BY_PARTY and Side.LIABLE_PARTY in allowed:
        effects = SUBJECTS[SubjectKind.CLAIM_DECISION].effects
        found[claim.party_id] = effects if pointed else effects - {AppealEffect.POINTS}
    return found


async def _points(asked: Asked, id: Id) -> Subject:
    entry = await points.get(asked.connection, asked.tenant_id, PointsEntryId(id))
    return Subject(
        kind=SubjectKind.POINTS,
        id=entry.id,
        key=str(entry.id),
        decision_id=entry.decision_id,
        decided_by=await _decider(asked, entry.decision_id),
        until=entry.appealable_until,
        appellants={entry.party_id: SUBJECTS[SubjectKind.POINTS].effects},
        standing=(_stands(entry.state in COUNTING, entry.state.value),),
        entries={entry.party_id: (entry.id,)},
    )


async def _measure(asked: Asked, id: Id) -> Subject:
    measure = await measures.get(asked.connection, asked.tenant_id, MeasureId(id))
    return Subject(
        kind=SubjectKind.RESTRICTION,
        id=measure.id,
        key=str(measure.id),
        decision_id=measure.decision_id,
        decided_by=await _decider(asked, measure.decision_id),
        until=measure.appealable_until,
        appellants={measure.party_id: SUBJECTS[SubjectKind.RESTRICTION].effects},
        standing=(_stands(measure.state in STANDING_MEASURES, measure.state.value),),
        urgent=appeals.conditions(asked.rule, measure, await _standing(asked, measure), asked.at),
        stays=measure.state is MeasureState.ANNOUNCED,
    )


async def _standing(asked: Asked, measure: AccountMeasure) -> Standing:
    """What the urgent channel asks of the measure's party."""
    connection, tenant_id, party_id = asked.connection, asked.tenant_id, measure.party_id
    party: Supplier | Provider
    if isinstance(party_id, SupplierId):
        party = await suppliers.get(connection, tenant_id, party_id)
    else:
        party = await providers.get(connection, tenant_id, party_id)
    entry = None if measure.entry_id is None else await points.get(connection, tenant_id, measure.entry_id)
    try:
        cards = await scorecards.by_parties(connection, tenant_id, [party_id], asked.at)
        below = cards[party_id].standing is ScoreStanding.BELOW
    except Refused:
        below = False  # a marketplace without rules about scorecards judges nobody by one
    past = await measures.by_party(connection, tenant_id, party_id)
    return Standing(party.registered_at, past, below, entry is not None and entry.fraud)


async def _restriction(asked: Asked, id: Id) -> Subject:
    found = await capabilities.get(asked.connection, asked.tenant_id, RestrictionId(id))
    kind = SubjectKind.RESTRICTION
    measure = found.limit.about if found.limit.cause is OF_MEASURE else None
    itself = Finding("appeal.restriction", measure is None, "appeal_restriction_itself", {"measure": measure})
    return Subject(
        kind=kind,
        id=found.id,
        key=str(found.id),
        decision_id=found.decision_id,
        decided_by=await _imposer(asked, found.id) or await _decider(asked, found.decision_id),
        until=appeals.filing_until(asked.rule, kind, found.imposed_at, asked.calendar),
        appellants={found.provider_id: SUBJECTS[kind].effects},
        standing=(_stands(found.live, "LIVE" if found.live else "LIFTED"), itself),
    )


async def _share(asked: Asked, id: Id) -> Subject:
    """What a party owes of a claim: it appeals the claim's decision, whose id a party that is no side is not shown."""
    recovery = await recoveries.get(asked.connection, asked.tenant_id, RecoveryId(id))
    return await _claim(asked, recovery.claim_id)


async def _review(asked: Asked, id: Id) -> Subject:
    review = await reviews.get(asked.connection, asked.tenant_id, ReviewId(id))
    kind = SubjectKind.ONBOARDING_REJECTION
    return Subject(
        kind=kind,
        id=review.id,
        key=str(review.decision_id or review.id),
        decision_id=review.decision_id,
        decided_by=await _decider(asked, review.decision_id),
        until=appeals.filing_until(asked.rule, kind, review.closed_at or review.opened_at, asked.calendar),
        appellants={review.provider_id: SUBJECTS[kind].effects},
        standing=(_stands(review.state is ReviewState.REJECTED, review.state.value),),
    )


async def _coupon(asked: Asked, id: Id) -> Subject:
    coupon = await coupons.COUPONS.get(asked.connection, asked.tenant_id, CouponId(id))
    made = await decisions.by_subjects(asked.connection, asked.tenant_id, coupon.id)
    kind = SubjectKind.COUPON_REVOCATION
    return Subject(
        kind=kind,
        id=coupon.id,
        key=str(made[-1].id) if made else str(coupon.id),
        decision_id=made[-1].id if made else None,
        decided_by=made[-1].decided_by if made else None,
        until=appeals.filing_until(asked.rule, kind, coupon.ended_at or coupon.issued_at, asked.calendar),
        appellants={coupon.buyer_id: SUBJECTS[kind].effects},
        standing=(_stands(coupon.state is CouponState.REVOKED, coupon.state.value),),
        order_id=coupon.order_id,
    )


_SUBJECTS: Final[Mapping[type[Id], Callable[[Asked, Id], Awaitable[Subject]]]] = {
    ClaimId: _claim,
    PointsEntryId: _points,
    MeasureId: _measure,
    RestrictionId: _restriction,
    ReviewId: _review,
    CouponId: _coupon,
    RecoveryId: _share,
}


def _stands(holds: bool, state: str) -> Finding:
    return Finding("appeal.stands", holds, "appeal_subject_stands", {"state": state})


async def _decider(asked: Asked, id: DecisionId | None) -> str | None:
    """Who decided that; None where nobody did."""
    if id is None:
        return None
    return (await decisions.get(asked.connection, asked.tenant_id, id)).decided_by


async def _imposer(asked: Asked, id: RestrictionId) -> str | None:
    """Who imposed that restriction, as the audit has it."""
    text = "SELECT actor_id FROM audit WHERE tenant_id = $1 AND object_id = $2 ORDER BY id LIMIT 1"
    found: str | None = await asked.connection.fetchval(text, asked.tenant_id, id)
    return found
