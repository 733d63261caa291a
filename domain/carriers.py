"""Carriers' own codes: what a scan of theirs means in the words of `domain/tracking.py`.

Each carrier's table is a rule set of its own (`carriers/dhl_express`): code -> status, and where they apply the reason
of an exception and the milestone that was passed. Law: a code that no table has is a report that says nothing; it is
kept and flagged, never guessed at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain import terms
from domain.rulebook import RuleKind, RuleVersion
from domain.tracking import RESPONSIBLE, Milestone, ResponsibleParty, TrackingReason, TrackingStatus

FOLDER: Final = "carriers"
"""Where the tables lie among the rules."""

CODE_CHARACTERS_MAX: Final = 20
"""The longest code in a shipped table has 5 characters."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one code means."""

    status: TrackingStatus
    reason: TrackingReason | None = None
    milestone: Milestone | None = None


NOTHING: Final = Meaning(TrackingStatus.UNKNOWN)
"""What a code means that no table has."""


@dataclass(frozen=True, slots=True)
class CarrierCodes:
    """One version of a carrier's table. Refuses with ValueError a code that is not written in capitals."""

    version: str
    codes: Mapping[str, Meaning]

    def __post_init__(self) -> None:
        for code in self.codes:
            if code != spelled(code) or not 0 < len(code) <= CODE_CHARACTERS_MAX:
                raise ValueError(f"{code!r} is no code: 1 to {CODE_CHARACTERS_MAX} capitals, without blanks around")

    def meaning(self, code: str) -> Meaning | None:
        """What the code means; None where the table does not have it."""
        return self.codes.get(spelled(code))


@dataclass(frozen=True, slots=True)
class CodeGiven:
    """A scan with that code."""

    code: str


@dataclass(frozen=True, slots=True)
class CodeFound:
    """What it means, and who answers for it."""

    status: TrackingStatus
    known: bool
    reason: TrackingReason | None
    milestone: Milestone | None
    responsible_party: ResponsibleParty | None


def spelled(code: str) -> str:
    """The code as tables have it: capitals, no blanks around."""
    return code.strip().upper()


def key_of(carrier: str) -> str:
    """The key of a carrier's table among the rules."""
    return f"{FOLDER}/{carrier.strip().lower()}"


def carrier_codes(version: RuleVersion) -> CarrierCodes:
    """The table of that version. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.CARRIER_CODES:
        raise TypeError(f"{version.key} is no table of codes")
    return terms.of(CarrierCodes, version)


def judge(table: CarrierCodes, given: CodeGiven) -> CodeFound:
    """What the table's own example cases are put to."""
    found = table.meaning(given.code)
    meaning = found or NOTHING
    party = None if meaning.reason is None else RESPONSIBLE[meaning.reason]
    return CodeFound(meaning.status, found is not None, meaning.reason, meaning.milestone, party)
