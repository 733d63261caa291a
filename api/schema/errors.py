"""What a client is told when the answer is no: user errors in payloads, and the findings they rest on.

Law: a payload's `userErrors` carries every unmet condition, not only the first. Top-level `errors` are for faults,
authentication and limits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import strawberry

from api.schema.arguments import Argument, field
from api.schema.enums import described
from api.schema.scalars import RuleCode
from domain import explain, words
from domain.errors import ErrorCode, Invalid, Refusal, Refused
from domain.locales import Locale

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
    opens_at: str | None = strawberry.field(
        description="The instant from which the answer becomes yes by time alone, if it does (RFC 3339)."
    )
    closes_at: str | None = strawberry.field(
        description="The last instant of a yes, if it ends by time alone (RFC 3339)."
    )


@strawberry.type(description="Why a mutation changed nothing.")
class UserError:
    """One reason, in a payload."""

    code: ErrorCode = strawberry.field(description="What a client branches on.")
    message: str = strawberry.field(description="A sentence for a person.")
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
    opens_at: str | None
    closes_at: str | None

    def text(self, locale: Locale) -> str:
        """Its sentence in that language."""
        return words.sentence(self.finding, locale)


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
        finding.opens_at,
        finding.closes_at,
    )


def spelled(value: explain.Input) -> str | None:
    """An input as text: true and false as JSON spells them."""
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


def user_errors(refusal: Refusal) -> list[dict[str, Any]]:
    """A refusal as the members of UserError, by their names in Python: one per problem of an input, otherwise one."""
    if isinstance(refusal, Invalid):
        return [_user_error(refusal, problem.message, list(problem.field)) for problem in refusal.problems]
    return [_user_error(refusal, refusal.message, list(refusal.field) if refusal.field else None)]


def _user_error(refusal: Refusal, message: str, field: list[str] | None) -> dict[str, Any]:
    refused = refusal if isinstance(refusal, Refused) else None
    return {
        "code": refusal.code.value,
        "message": message,
        "field": field,
        "rule": refused.rule if refused else None,
        "reasons": [shown(finding) for finding in refused.unmet] if refused else [],
    }


SHOWN: Final[Mapping[type, Callable[[Any], Any]]] = {explain.Finding: shown}
"""What the read engine calls on a value of that type before it completes it: loaders return what the rules made."""
