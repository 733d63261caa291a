"""Rules in GraphQL: every version with its numbers and their sources, its own examples, and what it changed."""

from datetime import datetime
from enum import StrEnum

import strawberry

from api.operations import rules
from api.schema.arguments import Argument, field
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from domain.ids import RuleVersionId
from domain.rulebook import PublishRule, RuleKind, RuleState, WithdrawRule

described(RuleKind)
described(RuleState)


class RuleOrder(StrEnum):
    """Orders of a list of rule versions."""

    KEY = "KEY"
    """By key, the versions of each from the first to the last."""
    NEWEST_FIRST = "NEWEST_FIRST"
    """By the beginning of their effect, the latest first."""


described(RuleOrder)


@strawberry.input(description="Which rule versions. What is left out does not matter; conditions add up.")
class RuleFilter:
    """The fields are the filters of `storage/views/rules.py`."""

    key: str | None = strawberry.field(default=None, description="Of this rule: `guarantees/on_time`.")
    kinds: list[RuleKind] | None = strawberry.field(default=None, description="About one of these.")
    governs_at: datetime | None = strawberry.field(default=None, description="In force at this instant.")


@strawberry.type(description="One number or word of a rule.")
class RuleMember:
    """`domain.rulebook.RuleMember`."""

    name: str = strawberry.field(description="Its name, dotted where it lies deeper: `compensation.cap`.")
    value: str = strawberry.field(description="Its value as text: `100.00 USD`, `30`, `true`.")
    source: str = strawberry.field(description="Where the value comes from.")


@strawberry.type(description="A member that differs from the version before.")
class RuleDifference:
    """`domain.rulebook.RuleDifference`."""

    name: str = strawberry.field(description="Its dotted name.")
    before: str | None = strawberry.field(description="Its value before; null where it is new.")
    after: str | None = strawberry.field(description="Its value now; null where it is gone.")


@strawberry.type(description="One of a rule's own examples, judged anew by it.")
class RuleCase:
    """`storage.views.rules.ShownCase`."""

    name: str = strawberry.field(description="What the example is about.")
    passes: bool = strawberry.field(description="Whether the rule comes to what is expected.")
    expected: str = strawberry.field(description="The members that are expected, as JSON.")
    got: str = strawberry.field(description="What the rule came to of those members, as JSON.")
    problem: str | None = strawberry.field(description="Why the example could not be judged; null when it could.")


@strawberry.type(description="Something wrong with the text of a rule set.")
class RuleProblem:
    """`storage.views.rules.ShownProblem`."""

    path: list[str] = strawberry.field(description="Where in the text.")
    message: str = strawberry.field(description="What is wrong there.")


@strawberry.type(description="What a rule set was found to be. Nothing was published.")
class RuleCheck:
    """`storage.views.rules.RuleCheck`."""

    passes: bool = strawberry.field(description="Whether it can be read and all of its examples come out right.")
    key: str | None = strawberry.field(description="The rule it is a version of; null when it cannot be read.")
    kind: RuleKind | None = strawberry.field(description="What it is about; null when it cannot be read.")
    title: str | None = strawberry.field(description="Its title; null when it cannot be read.")
    effective_from: datetime | None = strawberry.field(
        description="From when it would govern; null when it cannot be read."
    )
    problems: list[RuleProblem] = strawberry.field(description="Everything that is wrong with the text.")
    cases: list[RuleCase] = strawberry.field(description="Its examples and what became of them.")


@strawberry.type(description="One version of a rule. It never changes, but for its end.")
class RuleVersion(Node):
    """`domain.rulebook.RuleVersion`."""

    key: str = strawberry.field(description="The rule it is a version of: `guarantees/on_time`.")
    kind: RuleKind = strawberry.field(description="What it is about.")
    number: int = strawberry.field(description="Its number among the versions of the rule, from 1.")
    title: str = strawberry.field(description="What people call the rule.")
    state: RuleState = strawberry.field(description="Where it stands now.")
    published_at: datetime = strawberry.field(description="When it was announced.")
    effective_from: datetime = strawberry.field(description="The first instant at which it governs.")
    effective_until: datetime | None = strawberry.field(
        description="The first instant at which it no longer governs; null until a later version is published."
    )
    withdrawn_at: datetime | None = strawberry.field(
        description="When it was withdrawn, before it took effect; null otherwise."
    )
    published_by: str | None = strawberry.field(description="The member or key that published it; for staff.")
    members: list[RuleMember] = strawberry.field(description="Its numbers and words, each with its source.")
    cases: list[RuleCase] = strawberry.field(description="Its own examples, and what became of them.")
    differences: list[RuleDifference] = strawberry.field(
        description="What it changed of the version before; empty for the first."
    )
    source: str = strawberry.field(description="The text as it was published, in TOML.")
    digest: str = strawberry.field(description="The SHA-256 of that text, in hexadecimal.")
    version: int = strawberry.field(description="Grows by one with each change of its end; for `expectedVersion`.")


@strawberry.input(description="A rule set is published.")
class PublishRuleInput:
    """→ `domain.rulebook.PublishRule`."""

    source: str = strawberry.field(
        description="The rule set in TOML: key, kind, title, published_at (today), effective_from, body, sources and "
        "example cases. Its examples must come out right and the notice must be long enough."
    )
    idempotency_key: str | None = strawberry.field(
        default=None, description="Your name for this call: sent twice, it is done once."
    )

    def command(self) -> PublishRule:
        """The command; the text itself is read by the operation."""
        return PublishRule(self.source)


@strawberry.type(description="The new version, or why nothing was published.")
class PublishRulePayload:
    """What `publishRule` answers."""

    rule: RuleVersion | None = strawberry.field(description="The new version; null when nothing was published.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was published; empty on success.")


@strawberry.input(description="A published version shall never take effect.")
class WithdrawRuleInput:
    """→ `domain.rulebook.WithdrawRule`."""

    rule_version_id: strawberry.ID = strawberry.field(description="The version; it has not taken effect yet.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version's own version that you saw; another is refused."
    )
    idempotency_key: str | None = strawberry.field(
        default=None, description="Your name for this call: sent twice, it is done once."
    )

    def command(self) -> WithdrawRule:
        """The command. Refuses a malformed id with Invalid."""
        read = Reader()
        id = read.id(RuleVersionId, self.rule_version_id, "ruleVersionId")
        read.done()
        return WithdrawRule(id)


@strawberry.type(description="The withdrawn version, or why it stands.")
class WithdrawRulePayload:
    """What `withdrawRule` answers."""

    rule: RuleVersion | None = strawberry.field(description="The version as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class RuleQueries:
    """Reading the rules."""

    rule_version: RuleVersion | None = point("The rule version of that id; null when there is none.", of="rule version")
    rules: Connection[RuleVersion] = listing(
        "All rule versions of the marketplace, past, present and announced.", filter=RuleFilter, order=RuleOrder
    )
    rule: RuleVersion | None = field(
        "The version of a rule that governs at an instant; null when none does.",
        Argument("key", str, "The rule: `guarantees/on_time`."),
        Argument("at", datetime | None, "The instant; now when left out."),
    )
    check_rule: RuleCheck | None = field(
        "Reads a rule set and tries its examples, without publishing it. For the operator's staff; null for others.",
        Argument("source", str, "The rule set in TOML."),
    )


@strawberry.type
class RuleMutations:
    """Changing the rules: for policy staff."""

    publish_rule: PublishRulePayload = mutation(
        rules.publish_rule,
        PublishRuleInput,
        keyed=False,
        description="The rule set is the next version of its key and governs from the date of its text. Refuses "
        "failing examples, too short a notice, and a beginning that is not after every other version's.",
    )
    withdraw_rule: WithdrawRulePayload = mutation(
        rules.withdraw_rule,
        WithdrawRuleInput,
        keyed=False,
        description="The version never takes effect and the one before it stands on. Refuses a version in effect.",
    )
