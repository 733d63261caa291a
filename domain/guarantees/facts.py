"""What the rules of guarantees are told of an order: recorded facts, and nothing that is concluded from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.dates import Calendar
from domain.guarantees.promises import Complaint, Milestone, ServiceKind
from domain.money import Money


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A line of an order as recorded. `promised_at` and `ship_by_at` are the last microsecond of the promised day.

    `lost_at` is when its shipment was reported, or presumed, lost; `carrier_id` the provider that carries it or, before
    it leaves, whose quote it was bought with; `leg_carrier_ids` are those that carry it for a part of its way;
    `declared` what it is worth on the way, its value where nobody declared another one. `disclosed_defects` says that
    slight defects were told before the sale, `standard_stated` that a standard was agreed.
    """

    id: str
    value: Money
    promised_at: datetime | None = None
    delivered_at: datetime | None = None
    attempted_at: datetime | None = None
    serviced: bool = False
    ship_by_at: datetime | None = None
    shipped_at: datetime | None = None
    lost_at: datetime | None = None
    carrier_id: str | None = None
    leg_carrier_ids: tuple[str, ...] = ()
    declared: Money | None = None
    disclosed_defects: bool = False
    standard_stated: bool = True

    @property
    def carrier_ids(self) -> tuple[str, ...]:
        """Every provider that carries it, or promised to; none where nobody knows of any."""
        own = () if self.carrier_id is None else (self.carrier_id,)
        return tuple(dict.fromkeys((*own, *self.leg_carrier_ids)))


@dataclass(frozen=True, slots=True)
class ComplaintFacts:
    """What the buyer complains of, and for which lines; none named: all of them.

    `proven` is what evidence proves of a line's loss, where any puts a number to it (`domain/evidence.py`).
    """

    about: Complaint
    line_ids: tuple[str, ...] = ()
    proven: Mapping[str, Money] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is recorded of a service request: for which lines, and when it reached what.

    `calendar` is that of the market where the service is given; `parts_needed` says whether parts had to be sent;
    `remedy_offered` whether a valid remedy stands in for service that was not done. `deadlines` are those that were
    fixed when the service was asked for; without any they follow from the rule. `user_caused` says that the buyer did
    the damage that parts were asked for, `parts_listed` that one of them is on the agreed list.
    """

    kind: ServiceKind
    requested_at: datetime
    line_ids: tuple[str, ...]
    calendar: Calendar
    reached: Mapping[Milestone, datetime] = field(default_factory=dict)
    parts_needed: bool = False
    remedy_offered: bool = False
    deadlines: Mapping[Milestone, datetime] = field(default_factory=dict)
    user_caused: bool = False
    parts_listed: bool = True


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What is recorded of an order. All its money is of `currency`.

    `claim_id` is another claim for the same promise, of the same order, that came first or gave the buyer something.
    `liable` says whether the marketplace (or the party itself)
    found the party liable for a broken promise; None where nobody has been asked yet. `locked` is the all-in total that
    the buyer was promised, `charged` what it was charged in sum; `refunded` what came back already; `provider_id`
    the provider that stands for the guarantee, None where a supplier does.
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
    country: str | None = None
    provider_id: str | None = None
    complaint: ComplaintFacts | None = None
    locked: Money | None = None
    charged: Money | None = None
    refunded: Money | None = None
    quantity_changed_at: datetime | None = None
    buyer_transport: bool = False

    @property
    def concerned(self) -> tuple[LineFacts, ...]:
        """The lines complained of; all of them where none is named."""
        named = self.complaint.line_ids if self.complaint is not None else ()
        return tuple(line for line in self.lines if not named or line.id in named)

    @property
    def answered(self) -> tuple[LineFacts, ...]:
        """The lines that the party answers for: a provider those that it carries or promised to, a supplier all.

        A line that nobody is known to carry is the provider's: it sold its promise with the order, and nobody else did.
        """
        return tuple(line for line in self.lines if self.answers_for(line))

    def answers_for(self, line: LineFacts) -> bool:
        """Whether the line is one of those."""
        if self.provider_id is None:
            return True
        carriers = line.carrier_ids
        return not carriers or self.provider_id in carriers

    @property
    def received_at(self) -> datetime | None:
        """When the last line that arrived did; None while none has."""
        return max((line.delivered_at for line in self.lines if line.delivered_at is not None), default=None)

    @property
    def all_received(self) -> bool:
        """Whether every line has arrived."""
        return all(line.delivered_at is not None for line in self.lines)
