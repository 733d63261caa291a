"""Rate sheets: the versions of what a service costs (`domain.md` 6.3). What a price is stands in `domain/rates.py`.

    DRAFT ── activate ──> ACTIVE        DRAFT ── discard, or a file with bad rows ──> DISCARDED
    ACTIVE ── its whole validity taken by a later version ──> SUPERSEDED

Laws: the versions of a service never govern the same instant (an exclusion constraint in the table); a sheet that is
active never changes but for its end, which a successor brings forward; it never begins in the past.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import texts
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.dates import rfc3339
from domain.errors import Invalid, Problem, Refused, Told
from domain.explain import Finding, Input, unmet
from domain.ids import ProviderId, RateId, RateSheetId, ServiceId, SurchargeId
from domain.moves import Move, require
from domain.rates import (
    NewRate,
    NewSurcharge,
    Rate,
    Surcharge,
    clashes,
    misfits,
    rate_findings,
    sorted_brackets,
    surcharge_findings,
)
from domain.services import TITLE_CHARACTERS_MAX, Service

RATES_PER_CALL_MAX: Final = 500
"""Of a sheet drafted in one call: it fits a request of 256 kB. Larger sheets come as files."""
RATES_MAX: Final = 200_000
"""Of one sheet: a thousand zones of two hundred brackets."""
SURCHARGES_MAX: Final = 100
"""Of one sheet: a quote looks at each of them."""
DIVISOR_MAX: Final = 1_000_000
"""Cubic centimetres per kilogram; sea freight's 1,000 and express's 5,000 lie far below."""


class RateSheetState(StrEnum):
    """Where a version stands."""

    DRAFT = "DRAFT"
    """Being prepared or read from a file; nothing is quoted by it."""
    ACTIVE = "ACTIVE"
    """Governs what is quoted within its validity, which may lie ahead or be over."""
    SUPERSEDED = "SUPERSEDED"
    """A later version took its whole validity before it began."""
    DISCARDED = "DISCARDED"
    """Never used."""


class RateSheetAction(StrEnum):
    """What can be done with a rate sheet; the value is the mutation's name in capitals."""

    ACTIVATE_RATE_SHEET = "ACTIVATE_RATE_SHEET"
    """activateRateSheet: it governs within its validity."""
    DISCARD_RATE_SHEET = "DISCARD_RATE_SHEET"
    """discardRateSheet: it is never used."""


_MUTATIONS: Final[Mapping[RateSheetAction, str]] = {
    RateSheetAction.ACTIVATE_RATE_SHEET: "activateRateSheet",
    RateSheetAction.DISCARD_RATE_SHEET: "discardRateSheet",
}


@dataclass(frozen=True, slots=True)
class RateSheet:
    """One version of a service's prices, in force in [valid_from, valid_until); no end: until it is superseded.

    `volumetric_divisor` is in cubic centimetres per kilogram; None: the mode's own, by rule. `digest` is the SHA-256 of
    the file that its rates came from.
    """

    id: RateSheetId
    service_id: ServiceId
    provider_id: ProviderId
    number: int
    title: str
    currency: str
    volumetric_divisor: int | None
    valid_from: datetime
    valid_until: datetime | None
    state: RateSheetState
    supersedes_id: RateSheetId | None
    rate_count: int
    surcharge_count: int
    digest: str | None
    drafted_at: datetime
    activated_at: datetime | None
    ended_at: datetime | None
    version: int

    def governs(self, at: datetime) -> bool:
        """Whether what is quoted at `at` is quoted by it."""
        return (
            self.state is RateSheetState.ACTIVE
            and self.valid_from <= at
            and (self.valid_until is None or at < self.valid_until)
        )


@dataclass(frozen=True, slots=True)
class SheetWish:
    """What a new version is to be, apart from its rates."""

    service_id: ServiceId
    title: str
    currency: str
    valid_from: datetime
    valid_until: datetime | None
    volumetric_divisor: int | None = None
    supersedes_id: RateSheetId | None = None
    surcharges: tuple[NewSurcharge, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftRateSheet:
    """The wish for a new version with these rates."""

    sheet: SheetWish
    rates: tuple[NewRate, ...]


@dataclass(frozen=True, slots=True)
class RateSheetCommand:
    """The wish to activate or discard a version."""

    rate_sheet_id: RateSheetId


@dataclass(frozen=True, slots=True)
class Drafted:
    """A new version with its rows."""

    sheet: Change[RateSheet]
    rates: tuple[Rate, ...]
    surcharges: tuple[Surcharge, ...]


# -- drafting ----------------------------------------------------------------------------------------------------------


def draft_rate_sheet(
    service: Service,
    command: DraftRateSheet,
    *,
    number: int,
    id: RateSheetId,
    rate_ids: Sequence[RateId],
    surcharge_ids: Sequence[SurchargeId],
    at: datetime,
) -> Drafted:
    """The next version of the service's prices, as a draft, with all its rates and surcharges.

    Whether the caller may is decided before (`services.moves`). Refuses, with every reason and its line: rates that do
    not fit the mode, brackets with gaps or overlaps, odd surcharges; Invalid for an odd title, range or divisor.
    """
    told = Told()
    with told:
        sheet = open_sheet(service, command.sheet, number=number, id=id, surcharge_ids=surcharge_ids, at=at)
    with told:
        require_rates(service, command)
    told.done()
    rates = tuple(
        Rate(
            rate_id, id, line, rate.zone.strip(), rate.measure, rate.container, rate.at_least, rate.below, rate.flat,
            rate.price, rate.minimum, command.sheet.currency,
        )
        for line, (rate_id, rate) in enumerate(zip(rate_ids, command.rates, strict=True), start=1)
    )  # fmt: skip
    after = replace(sheet.sheet.after, rate_count=len(rates))
    return replace(sheet, sheet=Change(None, after, sheet.sheet.happened), rates=rates)


def require_count(command: DraftRateSheet) -> None:
    """Returns if the rates are neither none nor too many for one call. Refuses with Invalid."""
    if not 0 < len(command.rates) <= RATES_PER_CALL_MAX:
        raise Invalid(Problem(("rates",), f"must have 1 to {RATES_PER_CALL_MAX} members; larger sheets come as files"))


def require_rates(service: Service, command: DraftRateSheet, unread: Collection[int] = ()) -> None:
    """Returns if the rates fit the service and each other. Refuses with every reason and its line.

    `unread` are the places of rates that could not be read in whole: nothing is said of them, nor of gaps then.
    """
    require_count(command)
    wrong = [
        finding
        for line, rate in enumerate(command.rates, start=1)
        if line - 1 not in unread
        for finding in rate_findings(rate, service.mode, command.sheet.currency, line)
    ]
    if not unread:
        wrong += [finding for _, finding in misfits(sorted_brackets(command.rates))]
    if wrong:
        raise Refused("rate_sheet.draft", "Some of the rates cannot be.", tuple(wrong))


def open_sheet(
    service: Service,
    wish: SheetWish,
    *,
    number: int,
    id: RateSheetId,
    surcharge_ids: Sequence[SurchargeId],
    at: datetime,
) -> Drafted:
    """The next version as a draft without rates: a file will fill it, or `draft_rate_sheet`. Refuses like that."""
    require_sheet(wish)
    sheet = RateSheet(
        id=id,
        service_id=service.id,
        provider_id=service.provider_id,
        number=number,
        title=wish.title.strip(),
        currency=wish.currency,
        volumetric_divisor=wish.volumetric_divisor,
        valid_from=wish.valid_from,
        valid_until=wish.valid_until,
        state=RateSheetState.DRAFT,
        supersedes_id=wish.supersedes_id,
        rate_count=0,
        surcharge_count=len(wish.surcharges),
        digest=None,
        drafted_at=at,
        activated_at=None,
        ended_at=None,
        version=1,
    )
    surcharges = tuple(
        surcharge_of(sheet, new, position, id=surcharge_id)
        for position, (surcharge_id, new) in enumerate(zip(surcharge_ids, wish.surcharges, strict=True), start=1)
    )
    return Drafted(Change(None, sheet, (Happening("rate_sheet.drafted", _facts(sheet)),)), (), surcharges)


def surcharge_of(
    sheet: RateSheet, new: NewSurcharge, position: int, *, id: SurchargeId, line: int | None = None
) -> Surcharge:
    """The surcharge as one of the sheet's, at that place; `line` is where it stands in the sheet's file."""
    return Surcharge(
        id, sheet.id, position, line, new.kind, new.charge, new.basis_points, new.amount, new.minimum, sheet.currency,
        new.valid_from, new.valid_until, new.zones, new.area_keys, new.dangerous_goods, new.weight_grams_above,
        new.length_mm_above,
    )  # fmt: skip


def fill(sheet: RateSheet, *, rate_count: int, surcharge_count: int, digest: str) -> Change[RateSheet]:
    """A file has filled the draft with so many rates, and with surcharges beside those that came with the call.

    Refuses (ValueError) what is no draft without rates.
    """
    if sheet.state is not RateSheetState.DRAFT or sheet.rate_count:
        raise ValueError(f"{sheet.id} is no empty draft")
    after = replace(
        sheet,
        rate_count=rate_count,
        surcharge_count=sheet.surcharge_count + surcharge_count,
        digest=digest,
        version=sheet.version + 1,
    )
    return Change(sheet, after, (Happening("rate_sheet.filled", _facts(after) | {"digest": digest}),))


# -- activating --------------------------------------------------------------------------------------------------------


def begins_at(sheet: RateSheet, at: datetime) -> datetime:
    """When the draft would begin to govern if it were activated at `at`: never in the past."""
    return max(sheet.valid_from, at)


def overlapping(sheet: RateSheet, active: Iterable[RateSheet], at: datetime) -> tuple[RateSheet, ...]:
    """The service's active versions that would govern at the same time as this one, activated at `at`."""
    begins = begins_at(sheet, at)
    return tuple(
        other
        for other in active
        if other.id != sheet.id
        and (other.valid_until is None or begins < other.valid_until)
        and (sheet.valid_until is None or other.valid_from < sheet.valid_until)
    )


def moves(sheet: RateSheet, active: Sequence[RateSheet], caller: Caller, at: datetime) -> tuple[Move, ...]:
    """Every action on the sheet for that caller at `at`, each with all that stands in its way.

    `active` are the service's active versions: those that this one would overlap must be the one it supersedes.
    """
    own = caller.is_operator or caller.party_id == sheet.provider_id
    draft = Finding("rate_sheet.state", sheet.state is RateSheetState.DRAFT, "rate_sheet_is_draft", _state(sheet))
    until = None if sheet.valid_until is None else rfc3339(sheet.valid_until)
    fit = (
        Finding("rate_sheet.rates", sheet.rate_count > 0, "rate_sheet_has_rates"),
        Finding(
            "rate_sheet.validity",
            sheet.valid_until is None or at < sheet.valid_until,
            "rate_sheet_validity_not_over",
            {"validUntil": until, "at": rfc3339(at)},
            closes_at=until,
        ),
        *(_overlap(other) for other in overlapping(sheet, active, at) if other.id != sheet.supersedes_id),
    )
    return tuple(
        Move(
            action.value,
            unmet(
                (
                    Finding("rate_sheet.role", own and may(caller, name), "rate_sheet_is_yours"),
                    draft,
                    *(fit if action is RateSheetAction.ACTIVATE_RATE_SHEET else ()),
                )
            ),
        )
        for action, name in _MUTATIONS.items()
    )


def activate_rate_sheet(
    sheet: RateSheet, active: Sequence[RateSheet], caller: Caller, *, at: datetime
) -> tuple[Change[RateSheet], ...]:
    """The sheet governs from its beginning, or from now where that has passed; the version it supersedes ends there.

    The changes are kept one after the other, the predecessor's first, so that ranges never overlap. Refuses, with every
    reason, what `moves` blocks: no draft, no rates, a validity that is over, other versions at the same time.
    """
    require(moves(sheet, active, caller, at), RateSheetAction.ACTIVATE_RATE_SHEET.value, "rate_sheet.activate")
    begins = begins_at(sheet, at)
    after = replace(sheet, state=RateSheetState.ACTIVE, valid_from=begins, activated_at=at, version=sheet.version + 1)
    activated = Change(sheet, after, (Happening("rate_sheet.activated", _facts(after)),))
    ended = tuple(_superseded(other, begins, at) for other in overlapping(sheet, active, at))
    return (*ended, activated)


def discard_rate_sheet(
    sheet: RateSheet, active: Sequence[RateSheet], caller: Caller, *, at: datetime
) -> Change[RateSheet]:
    """The draft is never used. Refuses, with every reason, what `moves` blocks."""
    require(moves(sheet, active, caller, at), RateSheetAction.DISCARD_RATE_SHEET.value, "rate_sheet.discard")
    return drop(sheet, "asked", at=at)


def drop(sheet: RateSheet, because: str, *, at: datetime) -> Change[RateSheet]:
    """The draft is never used, whoever wanted it. Refuses (ValueError) what is no draft."""
    if sheet.state is not RateSheetState.DRAFT:
        raise ValueError(f"{sheet.id} is no draft")
    after = replace(sheet, state=RateSheetState.DISCARDED, rate_count=0, ended_at=at, version=sheet.version + 1)
    return Change(sheet, after, (Happening("rate_sheet.discarded", _facts(after) | {"because": because}),))


def _superseded(sheet: RateSheet, ends: datetime, at: datetime) -> Change[RateSheet]:
    """The version ends where its successor begins; one that would have begun later never does."""
    begun = sheet.valid_from < ends
    after = replace(
        sheet,
        state=RateSheetState.ACTIVE if begun else RateSheetState.SUPERSEDED,
        valid_until=ends if begun else sheet.valid_until,
        ended_at=None if begun else at,
        version=sheet.version + 1,
    )
    return Change(sheet, after, (Happening("rate_sheet.superseded", _facts(after)),))


def require_sheet(wish: SheetWish, unread: Collection[int] = ()) -> None:
    """Returns if nothing is wrong with the sheet by itself, its rates apart. Refuses with every problem and reason.

    `unread` are the places of surcharges that could not be read in whole: nothing is said of them.
    """
    told = Told()
    with told:
        _check(wish)
    with told:
        if len(wish.surcharges) <= SURCHARGES_MAX:
            _require_surcharges(wish, unread)
    told.done()


def _require_surcharges(wish: SheetWish, unread: Collection[int]) -> None:
    odd = tuple(
        finding
        for position, surcharge in enumerate(wish.surcharges, start=1)
        if position - 1 not in unread
        for finding in surcharge_findings(surcharge, wish.currency, position)
    )
    if not unread:
        odd += tuple(finding for _, finding in clashes(tuple(enumerate(wish.surcharges, start=1))))
    if odd:
        raise Refused("rate_sheet.draft", "Some of the surcharges cannot be.", odd)


def _check(wish: SheetWish) -> None:
    problems = [*texts.line_problems(wish.title, "sheet", "title", most=TITLE_CHARACTERS_MAX)]
    if wish.valid_until is not None and wish.valid_until <= wish.valid_from:
        problems.append(Problem(("sheet", "validUntil"), "must be later than validFrom"))
    if wish.volumetric_divisor is not None and not 0 < wish.volumetric_divisor <= DIVISOR_MAX:
        problems.append(Problem(("sheet", "volumetricDivisor"), f"must be from 1 to {DIVISOR_MAX}"))
    if len(wish.surcharges) > SURCHARGES_MAX:
        problems.append(Problem(("sheet", "surcharges"), f"must have at most {SURCHARGES_MAX} members"))
    if problems:
        raise Invalid(*problems)


def _overlap(other: RateSheet) -> Finding:
    inputs: dict[str, Input] = {
        "other": str(other.id),
        "number": other.number,
        "validFrom": rfc3339(other.valid_from),
        "validUntil": None if other.valid_until is None else rfc3339(other.valid_until),
    }
    return Finding("rate_sheet.overlap", False, "rate_sheet_alone_in_its_time", inputs)


def _state(sheet: RateSheet) -> dict[str, Input]:
    return {"state": sheet.state.value}


def _facts(sheet: RateSheet) -> dict[str, Fact]:
    return {
        "service": sheet.service_id,
        "number": sheet.number,
        "rates": sheet.rate_count,
        "surcharges": sheet.surcharge_count,
        "validFrom": rfc3339(sheet.valid_from),
    }
