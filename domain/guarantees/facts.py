"""What the rules of guarantees are told of an order: recorded facts, and nothing that is concluded from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.dates import Calendar
from domain.guarantees.promises import Milestone, ServiceKind
from domain.money import Money


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A line of an order as recorded. `promised_at` is the last microsecond of the promised day."""

    id: str
    value: Money
    promised_at: datetime | None = None
    delivered_at: datetime | None = None
    attempted_at: datetime | None = None
    serviced: bool = False


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is recorded of a service request: for which lines, and when it reached what.

    `calendar` is that of the market where the service is given; `parts_needed` says whether parts had to be sent;
    `remedy_offered` whether a valid remedy stands in for service that was not done. `deadlines` are those that were
    fixed when the service was asked for; without any they follow from the rule.
    """

    kind: ServiceKind
    requested_at: datetime
    line_ids: tuple[str, ...]
    calendar: Calendar
    reached: Mapping[Milestone, datetime] = field(default_factory=dict)
    parts_needed: bool = False
    remedy_offered: bool = False
    deadlines: Mapping[Milestone, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What is recorded of an order. All its money is of `currency`.

    `claim_id` is an earlier claim that was not withdrawn. `liable` says whether the marketplace (or the party itself)
    found the party liable for a broken service promise; None where nobody has been asked yet.
    """

    id: str
    currency: str
    lines: tuple[LineFacts, ...]
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    address_changed_at: datetime | None = None
    claim_id: str | None = None
    freight: Money | None = None
    in_programme: bool = True
    services: tuple[ServiceFacts, ...] = ()
    liable: bool | None = None
