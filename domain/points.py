"""Penalty points as an account: entries with cause, rule version, expiry and appeal state (`domain.md` 6.9, B12).

Theory of operation. What an act costs and which step it crosses is `domain/penalties.py`; here is what was given:

    PENDING_NOTICE ─ notice over ─> IN_FORCE ─ end of its life ─> EXPIRED
    PENDING_NOTICE, IN_FORCE ─ suspend (an appeal) ─> SUSPENDED_BY_APPEAL ─ resume ─> PENDING_NOTICE, IN_FORCE, EXPIRED
    PENDING_NOTICE, IN_FORCE, SUSPENDED_BY_APPEAL ─ reverse ─> REVERSED

Every step is a movement, a line of the statement. Points count from the instant they are given; the notice delays what
follows from them, not the points. An entry under appeal counts for nothing, unless it was for fraud.

Laws: one cause gives points to a party once; the balance at any instant is the sum of the movements until then, which
is the sum of the entries that live then; an entry that is over never counts again; the entry pins the version that set
its points and the decision that explains them; a reversal keeps the history.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, penalties
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.copies import replace
from domain.dates import Calendar, rfc3339
from domain.errors import Invalid, Problem
from domain.explain import Finding, unmet
from domain.ids import (
    DecisionId,
    Id,
    LiablePartyId,
    PointsEntryId,
    PointsMovementId,
    ProviderId,
    RuleVersionId,
    SupplierId,
    UploadId,
)
from domain.moves import Move, require
from domain.penalties import Penalty, PenaltyTerms, PointEntry, Violation
from domain.terms import Count

RULE: Final = "penalties"
"""The key of the rule about penalty points."""

FACTS_MAX: Final = 2_000
"""Characters of the facts of an entry: a page is enough to say what happened."""
EVIDENCE_MAX: Final = 20
"""Uploads that one entry names."""


class CauseKind(StrEnum):
    """What points were given for."""

    CLAIM = "CLAIM"
    """A claim that was granted against the party."""
    DECISION = "DECISION"
    """A decision of the desk."""
    LISTING_FLAG = "LISTING_FLAG"
    """A flagged listing that was not put right in time."""
    SERVICE_POINT = "SERVICE_POINT"
    """A service point that went without a word."""
    SHIPMENT = "SHIPMENT"
    """A shipment without complete and valid proof."""
    EVIDENCE = "EVIDENCE"
    """Evidence that was forged, false or borrowed."""
    COUNTER = "COUNTER"
    """A counter of a month or quarter that reached a step."""
    DESK = "DESK"
    """What the desk found and wrote down."""


@dataclass(frozen=True, slots=True)
class PointCause:
    """What points are given for: a thing, and which part of it where it gives points more than once."""

    kind: CauseKind
    id: Id
    part: int = 0


class EntryState(StrEnum):
    """Where an entry stands."""

    PENDING_NOTICE = "PENDING_NOTICE"
    """Given; what follows from it waits for the end of its notice."""
    IN_FORCE = "IN_FORCE"
    """It counts."""
    SUSPENDED_BY_APPEAL = "SUSPENDED_BY_APPEAL"
    """An appeal runs; it counts for nothing meanwhile, unless it was for fraud."""
    REVERSED = "REVERSED"
    """Taken back."""
    EXPIRED = "EXPIRED"
    """Its life is over."""


LIVE: Final = frozenset({EntryState.PENDING_NOTICE, EntryState.IN_FORCE, EntryState.SUSPENDED_BY_APPEAL})
"""States in which something may still happen."""

COUNTING: Final = frozenset({EntryState.PENDING_NOTICE, EntryState.IN_FORCE})
"""States in which every entry counts."""


class EntryAction(StrEnum):
    """What can be done with an entry; the value is the mutation's name in capitals."""

    REVERSE_POINTS = "REVERSE_POINTS"
    """reversePoints: the points are taken back, and with them what rests on them."""


class MovementKind(StrEnum):
    """A line of the statement."""

    GIVEN = "GIVEN"
    """The points were given."""
    TOOK_FORCE = "TOOK_FORCE"
    """Their notice was over."""
    SUSPENDED = "SUSPENDED"
    """An appeal began."""
    RESUMED = "RESUMED"
    """An appeal left them as they were."""
    REVERSED = "REVERSED"
    """They were taken back."""
    EXPIRED = "EXPIRED"
    """Their life was over."""


@dataclass(frozen=True, slots=True)
class PointsEntry:
    """Points for one act. Exactly one of `supplier_id` and `provider_id` is set.

    `automated` says that no person decided. `in_force_at` is the first instant after its notice, `expires_at` the last
    one of its life, `appealable_until` the last one at which it can be appealed.
    """

    id: PointsEntryId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    state: EntryState
    violations: tuple[Violation, ...]
    points: int
    strikes: int
    fraud: bool
    cause: CauseKind
    cause_id: Id
    cause_part: int
    facts: str | None
    upload_ids: tuple[UploadId, ...]
    automated: bool
    rule_version_id: RuleVersionId
    decision_id: DecisionId
    occurred_at: datetime
    given_at: datetime
    in_force_at: datetime
    expires_at: datetime
    appealable_until: datetime
    ended_at: datetime | None
    end_reason: str | None
    version: int

    @property
    def party_id(self) -> LiablePartyId:
        """Whose points they are."""
        party_id = self.supplier_id or self.provider_id
        assert party_id is not None, "the table's check allows no entry without a party"
        return party_id

    @property
    def counted(self) -> bool:
        """Whether its points are in the balance while its life lasts."""
        return self.state in COUNTING or (self.state is EntryState.SUSPENDED_BY_APPEAL and self.fraud)


@dataclass(frozen=True, slots=True)
class PointsMovement:
    """One line of a party's account: by how much points and strikes moved at an instant, and why."""

    id: PointsMovementId
    entry_id: PointsEntryId
    party_id: LiablePartyId
    kind: MovementKind
    points: int
    strikes: int
    at: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class PenaliseParty:
    """The desk's finding that a party did wrong, with the facts and evidence. `subject_id` is what it is about."""

    party_id: LiablePartyId
    violations: tuple[Violation, ...]
    occurred_at: datetime
    facts: str
    upload_ids: tuple[UploadId, ...] = ()
    subject_id: Id | None = None

    def __post_init__(self) -> None:
        problems = []
        if not self.violations or len(set(self.violations)) < len(self.violations):
            problems.append(Problem(("violations",), "name each violation of the act once, at least one"))
        if len(self.facts) > FACTS_MAX:
            problems.append(Problem(("facts",), f"at most {FACTS_MAX} characters"))
        if len(self.upload_ids) > EVIDENCE_MAX:
            problems.append(Problem(("uploadIds",), f"at most {EVIDENCE_MAX} uploads"))
        if problems:
            raise Invalid(*problems)


@dataclass(frozen=True, slots=True)
class ReversePoints:
    """The desk's wish that an entry is taken back, and why."""

    entry_id: PointsEntryId
    reason: str


def sides(party_id: LiablePartyId) -> tuple[SupplierId | None, ProviderId | None]:
    """The party as the two columns hold it."""
    if isinstance(party_id, SupplierId):
        return party_id, None
    return None, party_id


# -- judging -----------------------------------------------------------------------------------------------------------


def judged(entry: PointsEntry) -> PointEntry:
    """The entry as `domain.penalties` judges it."""
    return PointEntry(
        points=Count(entry.points),
        occurred_at=entry.occurred_at,
        strikes=Count(entry.strikes),
        appealed=entry.state is EntryState.SUSPENDED_BY_APPEAL,
        reversed=entry.state in (EntryState.REVERSED, EntryState.EXPIRED),
        fraud=entry.fraud,
        expires_at=entry.expires_at,
    )


def standing(entries: Iterable[PointsEntry], at: datetime) -> tuple[PointsEntry, ...]:
    """The entries that count at `at`, as they are now."""
    return tuple(entry for entry in entries if entry.counted and entry.given_at <= at <= entry.expires_at)


def balance_at(entries: Sequence[PointsEntry], movements: Iterable[PointsMovement], at: datetime) -> tuple[int, int]:
    """Points and strikes of the account at `at`: the sum of its movements until then, without what had expired.

    An expiry whose clock fired later than its instant counts from its instant.
    """
    lives = {entry.id: entry.expires_at for entry in entries}
    counted = [line for line in movements if line.at <= at <= lives[line.entry_id]]
    return sum(line.points for line in counted), sum(line.strikes for line in counted)


# -- the life of an entry ----------------------------------------------------------------------------------------------


def give_points(
    rule: PenaltyTerms,
    penalty: Penalty,
    party_id: LiablePartyId,
    act: Sequence[Violation],
    cause: PointCause,
    *,
    id: PointsEntryId,
    decision_id: DecisionId,
    occurred_at: datetime,
    calendar: Calendar,
    automated: bool,
    fraud: bool,
    facts: str | None = None,
    upload_ids: tuple[UploadId, ...] = (),
    at: datetime,
) -> Change[PointsEntry]:
    """The party has those points. They wait for the notice that the step which they cross asks for, if any."""
    notice = penalty.notice_days
    in_force_at = dates.start_of_day_after(at, notice + 1, calendar) if notice else at
    supplier_id, provider_id = sides(party_id)
    entry = PointsEntry(
        id=id,
        supplier_id=supplier_id,
        provider_id=provider_id,
        state=EntryState.PENDING_NOTICE if notice else EntryState.IN_FORCE,
        violations=tuple(act),
        points=penalty.points,
        strikes=penalty.strikes,
        fraud=fraud,
        cause=cause.kind,
        cause_id=cause.id,
        cause_part=cause.part,
        facts=facts,
        upload_ids=upload_ids,
        automated=automated,
        rule_version_id=RuleVersionId(rule.version),
        decision_id=decision_id,
        occurred_at=occurred_at,
        given_at=at,
        in_force_at=in_force_at,
        expires_at=penalties.expires_at(rule, occurred_at, calendar),
        appealable_until=dates.day_deadline(at, rule.appeal_days, calendar),
        ended_at=None,
        end_reason=None,
        version=1,
    )
    happening = Happening("points.given", _facts(entry) | {"occurredAt": rfc3339(occurred_at)})
    return Change(None, entry, (happening,))


def take_force(entry: PointsEntry) -> Change[PointsEntry]:
    """Its notice is over. Refuses (ValueError) one that waits for none."""
    _expect(entry, EntryState.PENDING_NOTICE)
    return _step(entry, replace(entry, state=EntryState.IN_FORCE), "points.took_force")


def suspend_points(entry: PointsEntry) -> Change[PointsEntry]:
    """An appeal against it runs. Refuses (ValueError) one that does not count."""
    _expect(entry, EntryState.PENDING_NOTICE, EntryState.IN_FORCE)
    return _step(entry, replace(entry, state=EntryState.SUSPENDED_BY_APPEAL), "points.suspended")


def resume_points(entry: PointsEntry, at: datetime) -> Change[PointsEntry]:
    """The appeal left it as it was: it counts again, unless its life is over. Refuses (ValueError) any other state."""
    _expect(entry, EntryState.SUSPENDED_BY_APPEAL)
    if entry.expires_at < at:
        return _end(entry, EntryState.EXPIRED, "points.expired", None, at)
    state = EntryState.PENDING_NOTICE if at < entry.in_force_at else EntryState.IN_FORCE
    return _step(entry, replace(entry, state=state), "points.resumed")


def expire_points(entry: PointsEntry, at: datetime) -> Change[PointsEntry]:
    """Its life is over. Refuses (ValueError) one that does not count."""
    _expect(entry, EntryState.PENDING_NOTICE, EntryState.IN_FORCE)
    return _end(entry, EntryState.EXPIRED, "points.expired", None, at)


def take_back(entry: PointsEntry, reason: str, at: datetime) -> Change[PointsEntry]:
    """The points are taken back, whoever decided it. Refuses (ValueError) what is over."""
    _expect(entry, *LIVE)
    return _end(entry, EntryState.REVERSED, "points.reversed", reason, at)


def moves(entry: PointsEntry, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the entry, and why not."""
    state: dict[str, str | int | bool | None] = {"state": entry.state.value}
    findings = (
        Finding("points.role", may(caller, "reversePoints"), "points_action_of_your_role"),
        Finding("points.state", entry.state in LIVE and at <= entry.expires_at, "points_entry_stands", state),
        Finding("points.appeal", entry.state is not EntryState.SUSPENDED_BY_APPEAL, "points_not_appealed", state),
    )
    return (Move(EntryAction.REVERSE_POINTS.value, unmet(findings), closes_at=entry.expires_at),)


def reverse_points(entry: PointsEntry, caller: Caller, reason: str, at: datetime) -> Change[PointsEntry]:
    """The desk takes the points back. Refuses, with every reason, what `moves` blocks: an appeal ends by its own."""
    require(moves(entry, caller, at), EntryAction.REVERSE_POINTS.value, "points.reverse")
    return take_back(entry, reason, at)


def _expect(entry: PointsEntry, *states: EntryState) -> None:
    if entry.state not in states:
        raise ValueError(f"{entry.id} is {entry.state}")


def _end(entry: PointsEntry, state: EntryState, name: str, reason: str | None, at: datetime) -> Change[PointsEntry]:
    return _step(entry, replace(entry, state=state, ended_at=at, end_reason=reason), name)


def _step(entry: PointsEntry, after: PointsEntry, name: str) -> Change[PointsEntry]:
    after = replace(after, version=entry.version + 1)
    return Change(entry, after, (Happening(name, _facts(after)),))


def _facts(entry: PointsEntry) -> dict[str, Fact]:
    return {
        "party": entry.party_id,
        "points": entry.points,
        "strikes": entry.strikes,
        "violations": " ".join(violation.value for violation in entry.violations),
        "state": entry.state.value,
    }


MOVED: Final = {
    EntryState.REVERSED: MovementKind.REVERSED,
    EntryState.EXPIRED: MovementKind.EXPIRED,
    EntryState.SUSPENDED_BY_APPEAL: MovementKind.SUSPENDED,
}


def movement(change: Change[PointsEntry], *, id: PointsMovementId, at: datetime) -> PointsMovement:
    """The line of the statement that the change makes: the points that it adds to the balance, or takes from it."""
    before, after = change.before, change.after
    if before is None:
        kind = MovementKind.GIVEN
    elif after.state in MOVED:
        kind = MOVED[after.state]
    else:
        resumed = before.state is EntryState.SUSPENDED_BY_APPEAL
        kind = MovementKind.RESUMED if resumed else MovementKind.TOOK_FORCE
    sign = int(after.counted) - int(before is not None and before.counted)
    return PointsMovement(
        id, after.id, after.party_id, kind, sign * after.points, sign * after.strikes, at, after.end_reason
    )
