"""What a client is told when the answer is no: user errors in payloads, and the findings they rest on.

Law: a payload's `userErrors` carries every unmet condition, not only the first. Top-level `errors` are for faults,
authentication and limits.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import strawberry

from api.schema.arguments import Argument, field
from api.schema.enums import described
from api.schema.scalars import RuleCode
from domain import dates, explain, words
from domain import ids as ids_
from domain.errors import Conflict, ErrorCode, Invalid, NotFound, Refusal, Refused, Several, overlap
from domain.locales import Locale
from domain.words import refusals
from domain.words.refusals import kinds

described(ErrorCode)
described(Locale)


@strawberry.type(description="One thing a finding looked at.")
class FindingInput:
    """A name and what it was."""

    name: str = strawberry.field(description="What it is called, in the words of the rule: `deliveredAt`.")
    value: str | None = strawberry.field(
        description="What it was when the rule looked: an id, code, number or instant."
    )


@strawberry.type(
    description="One rule's word on one question, with what it rests on. The same inputs give the same tree."
)
class Finding:
    """`domain.explain.Finding` as clients see it."""

    rule: RuleCode = strawberry.field(description="The rule's code.")
    holds: bool = strawberry.field(description="Whether the question is answered with yes.")
    reason: str = strawberry.field(description="The code of the sentence, for clients with words of their own.")
    text: str = field("The sentence, in that language.", Argument("locale", Locale, "The language.", Locale.EN))
    inputs: list[FindingInput] = strawberry.field(description="What the rule looked at, by name.")
    version: strawberry.ID | None = strawberry.field(
        description="The rule version that set the numbers; null where no number is in play."
    )
    because: list[Annotated["Finding", strawberry.lazy("api.schema.errors")]] = strawberry.field(
        description="The findings this one rests on, in the order they were looked at."
    )
    opens_at: datetime | None = strawberry.field(
        description="The instant from which the answer becomes yes by time alone, if it does."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant of a yes, if it ends by time alone.")


@strawberry.type(description="Why a mutation changed nothing.")
class UserError:
    """One reason, in a payload."""

    code: ErrorCode = strawberry.field(description="What a client branches on.")
    message: str = field("A sentence for a person.", Argument("locale", Locale, "The language.", Locale.EN))
    field: list[str] | None = strawberry.field(
        description="The path of the input field it is about, below the mutation; null when it is about none."
    )
    rule: RuleCode | None = strawberry.field(description="The rule that says no; null where no rule of the trade does.")
    reasons: list[Finding] = strawberry.field(description="Every condition that is not met.")


@dataclass(frozen=True, slots=True)
class ShownInput:
    """A finding's input, ready to be shown."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding, ready to be shown: what `Computed` loaders return where the type is Finding."""

    finding: explain.Finding

    rule: str
    holds: bool
    reason: str
    inputs: list[ShownInput]
    version: str | None
    because: list["ShownFinding"]
    opens_at: datetime | None
    closes_at: datetime | None

    def text(self, locale: Locale) -> str:
        """Its sentence in that language."""
        return words.sentence(self.finding, locale)


@dataclass(frozen=True, slots=True)
class ShownError:
    """A user error, ready to be shown."""

    code: str
    sentence: str
    """What the platform says, in English: its key in the other languages' tables."""
    field: list[str] | None = None
    rule: str | None = None
    reasons: Sequence[ShownFinding] = ()
    finding: explain.Finding | None = None
    """What a rule found, where the sentence is its."""

    def message(self, locale: Locale) -> str:
        """Its sentence in that language."""
        if self.finding is not None:
            return words.sentence(self.finding, locale)
        return refusals.said(self.sentence, locale)


def shown(finding: explain.Finding) -> ShownFinding:
    """The finding as clients see it."""
    return ShownFinding(
        finding,
        finding.rule,
        finding.holds,
        finding.reason,
        [ShownInput(name, spelled(value)) for name, value in finding.inputs.items()],
        finding.version,
        [shown(child) for child in finding.because],
        None if finding.opens_at is None else dates.instant(finding.opens_at),
        None if finding.closes_at is None else dates.instant(finding.closes_at),
    )


def spelled(value: explain.Input) -> str | None:
    """An input as text: true and false as JSON spells them."""
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


def user_errors(refusal: Refusal, wish: Mapping[str, Any]) -> list["ShownError"]:
    """A refusal as clients see it: one error per problem of an input, one for each other look that refused.

    `wish` is the input as the client sent it. What is not there and what is not for the caller read alike, whoever of
    the code noticed it: the place of the id in the input, and a sentence made of that id's kind. Of one place only the
    first look's findings are told: the others saw what was wrong already.
    """
    if not isinstance(refusal, Several):
        return _user_errors(refusal, wish)
    told: list[ShownError] = []
    for each in refusal.refusals:
        places = [tuple(error.field) for error in told if error.field]
        told += [
            error
            for error in _user_errors(each, wish)
            if not error.field or not any(overlap(tuple(error.field), place) for place in places)
        ]
    return told


def _user_errors(refusal: Refusal, wish: Mapping[str, Any]) -> list["ShownError"]:
    if isinstance(refusal, Invalid):
        return [
            _user_error(refusal, problem.message, list(problem.field), problem.finding) for problem in refusal.problems
        ]
    if isinstance(refusal, NotFound) and UNKNOWN.match(refusal.message):
        place, kind = _looked_for(refusal, wish)
        return [_user_error(refusal, refusal.message if kind is None else f"There is no such {kind}.", place)]
    place = list(refusal.field or ())
    if isinstance(refusal, Conflict) and place and place[0] not in wish:  # there is a twin of what was not even said
        place = []
    return [_user_error(refusal, refusal.message, place)]


UNKNOWN: Final = re.compile("(?i)there is (no such|nothing with that id)")
"""How the sentences begin that only say that something is not there."""


def _looked_for(refusal: NotFound, wish: Mapping[str, Any]) -> tuple[list[str] | None, str | None]:
    """Where in the input the id stands that was looked for, and what it is an id of; None where it is not told."""
    texts = [(list(path), text) for path, text in _texts(wish)]
    ids = [(path, text) for path, text in texts if ids_.is_id(text)]
    said = UNKNOWN.sub("", refusal.message).strip(" .")
    for path, text in ids:
        if path == list(refusal.field or ()) or (refusal.field is None and text == refusal.id):
            return path, kinds.kind_in_words(text)
    for path, text in ids if refusal.field is None and refusal.id is None else ():
        if kinds.kind_in_words(text) == said:
            return path, said
    misspelt = next((path for path, text in texts if text == refusal.id), None)  # told as such before, by its reader
    return (list(refusal.field) if refusal.field else misspelt), None


def _texts(value: Any, *path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in an input with its path, in the input's order."""
    if isinstance(value, str):
        yield path, value
    members = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from _texts(member, *path, str(name))


def _user_error(
    refusal: Refusal, message: str, field: list[str] | None, finding: explain.Finding | None = None
) -> "ShownError":
    refused = refusal if isinstance(refusal, Refused) else None
    unmet = refused.unmet if refused else () if finding is None else (finding,)
    return ShownError(
        refusal.code.value,
        refusals.as_sentence(message),
        field or None,
        refused.rule if refused else None,
        [shown(each) for each in unmet],
        finding,
    )


def _told(value: dict[str, Any]) -> Any:
    """What a mapping shows: a finding among a mutation's facts is one again, with its sentence in any language."""
    return shown(explain.parse(value)) if value.get("__typename") == Finding.__name__ else value


SHOWN: Final[Mapping[type, Callable[[Any], Any]]] = {explain.Finding: shown, dict: _told}
"""What the read engine calls on a value of that type before it completes it: loaders return what the rules made."""
