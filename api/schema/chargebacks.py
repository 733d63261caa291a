"""Chargebacks, their packs and notices, and payment processors in GraphQL."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from api.operations import chargeback_notices, chargebacks, memberships, processors
from api.schema.connection import Connection, connection, listing, point
from api.schema.decisions import Decision
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.memberships import CardReceipt, RecordCardReceiptInput
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.rules import RuleVersion
from api.schema.scalars import Money, MoneyInput
from api.schema.suppliers import Supplier
from domain import chargeback_notices as notices
from domain.chargeback_notices import (
    MatchNotice,
    NewNotice,
    NoticeAction,
    NoticeKind,
    NoticeProblem,
    NoticeState,
)
from domain.chargebacks import (
    Actor,
    AnswerChargeback,
    Category,
    ChargebackAction,
    ChargebackResult,
    ChargebackState,
    SubmitEvidencePack,
)
from domain.evidence_packs import STATEMENT_CHARACTERS_MAX, UPLOADS_MAX, ItemKind
from domain.ids import ChargebackId, ChargebackNoticeId, OrderId, ProcessorId, UploadId
from domain.memberships import Scheme
from domain.processors import RegisterProcessor, TurnProcessor
from domain.protections import CoverageOutcome
from domain.texts import NAME_CHARACTERS_MAX

if TYPE_CHECKING:
    from api.schema.ledger import LedgerTransfer

described(ChargebackState)
described(ChargebackResult)
described(ChargebackAction)
described(Category, name="ChargebackCategory")
described(Actor, name="ChargebackActor")
described(CoverageOutcome, name="ChargebackCoverage")
described(ItemKind, name="EvidencePackItemKind")
described(NoticeKind, name="ChargebackNoticeKind")
described(NoticeState, name="ChargebackNoticeState")
described(NoticeProblem, name="ChargebackNoticeProblem")
described(NoticeAction, name="ChargebackNoticeAction")


class ChargebackOrder(StrEnum):
    """Orders of a list of chargebacks."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """By opening, the latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """By opening, the earliest first."""
    MOST_URGENT_FIRST = "MOST_URGENT_FIRST"
    """By the deadline of whoever must act, the nearest first."""


described(ChargebackOrder)


@strawberry.input(description="Which chargebacks. What is left out does not matter; conditions add up.")
class ChargebackFilter:
    """The filters of `storage/views/chargebacks.py`."""

    states: list[ChargebackState] | None = strawberry.field(default=None, description="In one of these states.")
    supplier_id: strawberry.ID | None = strawberry.field(default=None, description="Of this merchant.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")
    network_reference: str | None = strawberry.field(default=None, description="With this reference of its network.")


@strawberry.input(description="Which notices. What is left out does not matter; conditions add up.")
class ChargebackNoticeFilter:
    """The filters of `storage/views/chargebacks.py`."""

    states: list[NoticeState] | None = strawberry.field(default=None, description="In one of these states.")
    network_reference: str | None = strawberry.field(default=None, description="With this reference of its network.")
    payment_reference: str | None = strawberry.field(default=None, description="About this payment.")


@strawberry.type(description="A payment processor that tells of chargebacks by signed webhooks.")
class Processor(Node):
    """`domain.processors.Processor`."""

    name: str = strawberry.field(description="What it is called.")
    generation: int = strawberry.field(description="How many secrets it has had.")
    old_until: datetime | None = strawberry.field(
        description="The last instant, by the real clock, at which the secret before is good; null before a rotation."
    )
    registered_at: datetime = strawberry.field(description="When it was registered.")
    revoked_at: datetime | None = strawberry.field(description="Since when it is heard no longer; null while it is.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="One thing in an evidence pack, with its hash.")
class EvidencePackItem:
    """`domain.evidence_packs.PackItem`."""

    kind: ItemKind = strawberry.field(description="What it is.")
    object_id: strawberry.ID = strawberry.field(description="Of which thing it tells.")
    content: str = strawberry.field(description="What it says, in canonical JSON.")
    sha256: str = strawberry.field(description="The SHA-256 of the content, in hexadecimal.")


@strawberry.type(description="What a merchant defended itself with. It never changes.")
class EvidencePack(Node):
    """`domain.evidence_packs.EvidencePack`."""

    chargeback: "Chargeback | None" = strawberry.field(description="Against which chargeback.")
    number: int = strawberry.field(description="1, or 2 where the first was found insufficient.")
    statement: str = strawberry.field(description="The merchant's own words.")
    upload_ids: list[strawberry.ID] = strawberry.field(description="The merchant's own files.")
    items: list[EvidencePackItem] = strawberry.field(description="What it is made of, by kind and id.")
    manifest: str = strawberry.field(description="All items with their hashes, in canonical JSON.")
    digest: str = strawberry.field(description="The SHA-256 of the manifest, in hexadecimal.")
    submitted_at: datetime = strawberry.field(description="When it was submitted.")


@strawberry.type(description="What happened to a chargeback: which side did it, never which person.")
class ChargebackEvent(Node):
    """`domain.chargebacks.ChargebackEvent`."""

    chargeback: "Chargeback | None" = strawberry.field(description="The chargeback.")
    name: str = strawberry.field(description="What happened: `chargeback.represented`.")
    actor: Actor = strawberry.field(description="Who did it.")
    note: str | None = strawberry.field(description="What was said about it.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="An action on a notice that is not possible now for the viewer, and why.")
class BlockedChargebackNoticeAction:
    """`domain.moves.Move`."""

    action: NoticeAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="What a processor, or staff for one, told of a chargeback, and what became of it.")
class ChargebackNotice(Node):
    """`domain.chargeback_notices.ChargebackNotice`."""

    processor: Processor | None = strawberry.field(description="Who told it; null where staff did.")
    event_id: str = strawberry.field(description="The sender's own number of it.")
    kind: NoticeKind = strawberry.field(description="What is told.")
    state: NoticeState = strawberry.field(description="What became of it.")
    problem: NoticeProblem | None = strawberry.field(description="Why it is unmatched; null otherwise.")
    chargeback: "Chargeback | None" = strawberry.field(description="The chargeback it is about, where one is known.")
    network_reference: str = strawberry.field(description="What the network calls the chargeback.")
    scheme: Scheme = strawberry.field(description="The card network.")
    payment_reference: str | None = strawberry.field(description="What the processor calls the payment.")
    order_reference: str | None = strawberry.field(description="What the shop calls the order.")
    category: Category = strawberry.field(description="Why the cardholder wants the money back.")
    reason_code: str | None = strawberry.field(description="The network's own code for that.")
    amount: Money | None = strawberry.field(description="How much is taken back, where it was told.")
    network_due_at: datetime | None = strawberry.field(description="The network's deadline, where it was told.")
    occurred_at: datetime = strawberry.field(description="When it was so.")
    received_at: datetime = strawberry.field(description="When it was told.")
    available_actions: list[NoticeAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedChargebackNoticeAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="An action on a chargeback that is not possible now for the viewer, and why.")
class BlockedChargebackAction:
    """`domain.moves.Move`."""

    action: ChargebackAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(description="A card payment that the cardholder's bank takes back.")
class Chargeback(Node):
    """`domain.chargebacks.Chargeback`."""

    number: str = strawberry.field(description="What people say on the telephone.")
    order: Order | None = strawberry.field(description="The order that was paid.")
    supplier: Supplier | None = strawberry.field(description="The merchant.")
    receipt: CardReceipt | None = strawberry.field(description="The card payment; null where the shop told of none.")
    processor: Processor | None = strawberry.field(description="Who told of it; for staff.")
    network_reference: str = strawberry.field(description="What the network calls it.")
    scheme: Scheme = strawberry.field(description="The card network.")
    category: Category = strawberry.field(description="Why the cardholder wants the money back.")
    reason_code: str | None = strawberry.field(description="The network's own code for that.")
    state: ChargebackState = strawberry.field(description="Where it stands.")
    result: ChargebackResult | None = strawberry.field(description="How it ended; null before.")
    coverage: CoverageOutcome | None = strawberry.field(
        description="How much of a loss the platform bears; null where nothing was lost."
    )
    amount: Money = strawberry.field(description="What is taken back.")
    covered: Money = strawberry.field(description="What of it the platform bears.")
    drawn: Money = strawberry.field(
        description="What it holds of the order's exposure: one loss is paid once, whoever pays it."
    )
    late: bool = strawberry.field(description="Whether it came after the usual window of cardholders.")
    contested: bool = strawberry.field(description="Whether the platform contested pre-arbitration.")
    note: str | None = strawberry.field(description="The last word about it.")
    pack_accepted_at: datetime | None = strawberry.field(description="When the pack went to the network.")
    returned_at: datetime | None = strawberry.field(description="When a pack was found insufficient.")
    notified_at: datetime = strawberry.field(description="When the network told of it.")
    network_due_at: datetime = strawberry.field(description="The network's own deadline.")
    due_at: datetime | None = strawberry.field(description="Until when whoever must act now has time.")
    opened_at: datetime = strawberry.field(description="When we heard of it.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    decided_at: datetime | None = strawberry.field(description="When it was won or lost.")
    ended_at: datetime | None = strawberry.field(description="When nothing was left to do.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule that set its deadlines.")
    protection_version: RuleVersion | None = strawberry.field(description="The rule that decided on coverage.")
    decision: Decision | None = strawberry.field(description="What was decided about coverage, and why.")
    events: Connection[ChargebackEvent] = connection("What happened to it.")
    packs: Connection[EvidencePack] = connection("What the merchant defended itself with.")
    notices: Connection[ChargebackNotice] = connection("What was told about it; for staff.")
    transfers: Connection[Annotated["LedgerTransfer", strawberry.lazy("api.schema.ledger")]] = connection(
        "Where each cent went; for staff."
    )
    held_evidence: list[EvidencePackItem] = strawberry.field(
        description="What a pack submitted now would hold beside the merchant's own words and files."
    )
    available_actions: list[ChargebackAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedChargebackAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="What a network told of a chargeback, entered by staff or the shop.")
class RecordChargebackNoticeInput:
    """→ `domain.chargeback_notices.NewNotice`."""

    event_id: str = strawberry.field(description="Your number of what was told: told again, it counts once.")
    kind: NoticeKind = strawberry.field(description="What is told.")
    network_reference: str = strawberry.field(description="What the network calls the chargeback.")
    scheme: Scheme = strawberry.field(description="The card network.")
    category: Category = strawberry.field(description="Why the cardholder wants the money back.")
    occurred_at: datetime = strawberry.field(description="When it was so.")
    payment_reference: str | None = strawberry.field(default=None, description="What the processor calls the payment.")
    order_reference: str | None = strawberry.field(default=None, description="What the shop calls the order.")
    reason_code: str | None = strawberry.field(default=None, description="The network's own code.")
    amount: MoneyInput | None = strawberry.field(
        default=None, description="How much is taken back; the first word of a chargeback says it."
    )
    network_due_at: datetime | None = strawberry.field(
        default=None, description="The network's deadline, if it is nearer than its usual window."
    )
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> NewNotice:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        amount = self.amount
        told = NewNotice(
            event_id=read.reference(self.event_id, "eventId"),
            kind=self.kind,
            network_reference=read.reference(self.network_reference, "networkReference"),
            scheme=self.scheme,
            category=self.category,
            occurred_at=self.occurred_at,
            payment_reference=self.payment_reference,
            order_reference=self.order_reference,
            reason_code=self.reason_code,
            amount=None if amount is None else read.money(amount, "amount"),
            network_due_at=self.network_due_at,
        )
        read.rules(notices.problems(told, told.occurred_at))
        read.done()
        return told


@strawberry.input(description="Say which order a notice is about.")
class MatchChargebackNoticeInput:
    """→ `domain.chargeback_notices.MatchNotice`."""

    notice_id: strawberry.ID = strawberry.field(description="The notice.")
    order_id: strawberry.ID = strawberry.field(description="The order that was paid.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> MatchNotice:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = MatchNotice(
            read.id(ChargebackNoticeId, self.notice_id, "noticeId"), read.id(OrderId, self.order_id, "orderId")
        )
        read.done()
        return command


@strawberry.input(description="A step with a chargeback that needs nothing but a word.")
class ChargebackStepInput:
    """→ `domain.chargebacks.AnswerChargeback`."""

    chargeback_id: strawberry.ID = strawberry.field(description="The chargeback.")
    note: str | None = strawberry.field(default=None, description="A word to the other side.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> AnswerChargeback:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AnswerChargeback(
            read.id(ChargebackId, self.chargeback_id, "chargebackId"), read.note(self.note, "note")
        )
        read.done()
        return command


@strawberry.input(description="Say what an evidence pack lacks.")
class ReturnEvidencePackInput:
    """→ `domain.chargebacks.AnswerChargeback`."""

    chargeback_id: strawberry.ID = strawberry.field(description="The chargeback.")
    note: str = strawberry.field(description="What the pack lacks.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> AnswerChargeback:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AnswerChargeback(
            read.id(ChargebackId, self.chargeback_id, "chargebackId"), read.required_note(self.note, "note")
        )
        read.done()
        return command


@strawberry.input(description="Defend yourself against a chargeback. What is submitted is final.")
class SubmitEvidencePackInput:
    """→ `domain.chargebacks.SubmitEvidencePack`."""

    chargeback_id: strawberry.ID = strawberry.field(description="The chargeback.")
    statement: str = strawberry.field(description=f"Your own words, at most {STATEMENT_CHARACTERS_MAX:,} characters.")
    upload_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description=f"At most {UPLOADS_MAX} of your accepted files of the kind EVIDENCE, beside what the platform "
        "holds already.",
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> SubmitEvidencePack:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = SubmitEvidencePack(
            read.id(ChargebackId, self.chargeback_id, "chargebackId"),
            read.text(self.statement, "statement", most=STATEMENT_CHARACTERS_MAX),
            read.ids(UploadId, self.upload_ids, "uploadIds"),
        )
        read.done()
        return command


@strawberry.input(description="A payment processor shall tell of chargebacks.")
class RegisterProcessorInput:
    """→ `domain.processors.RegisterProcessor`."""

    name: str = strawberry.field(description="What it is called.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RegisterProcessor:
        """The command. Refuses with Invalid a name that is none."""
        read = Reader()
        name = read.line(self.name, "name", most=NAME_CHARACTERS_MAX)
        read.done()
        return RegisterProcessor(name)


@strawberry.input(description="A processor gets a new secret, or is heard no longer.")
class TurnProcessorInput:
    """→ `domain.processors.TurnProcessor`."""

    processor_id: strawberry.ID = strawberry.field(description="The processor.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> TurnProcessor:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = TurnProcessor(read.id(ProcessorId, self.processor_id, "processorId"))
        read.done()
        return command


@strawberry.type(description="The processor, or why nothing changed.")
class ProcessorPayload:
    """What the mutations of processors answer."""

    processor: Processor | None = strawberry.field(description="The processor now; null when nothing changed.")
    secret: str | None = strawberry.field(
        description="Its new secret, `whsec_…`, for Standard Webhooks to `POST /intake/payments/{tenant}/{processor}`. "
        "Shown this once, kept nowhere; null otherwise."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The card payment and what waited for it, or why nothing changed.")
class RecordCardReceiptPayload:
    """What `recordCardReceipt` answers."""

    receipt: CardReceipt | None = strawberry.field(description="The card payment; null when nothing changed.")
    chargebacks: list[Chargeback] | None = strawberry.field(
        description="Chargebacks that were told of it before it was known, and are open now; null when nothing changed."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The notice and its chargeback, or why nothing changed.")
class ChargebackNoticePayload:
    """What telling and matching notices answer."""

    notice: ChargebackNotice | None = strawberry.field(description="The notice now; null when nothing changed.")
    chargeback: Chargeback | None = strawberry.field(description="Its chargeback; null where it fits none.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The chargeback after the step, or why nothing changed.")
class ChargebackPayload:
    """What every step with a chargeback answers."""

    chargeback: Chargeback | None = strawberry.field(description="The chargeback now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The pack and its chargeback, or why nothing changed.")
class SubmitEvidencePackPayload:
    """What `submitEvidencePack` answers."""

    chargeback: Chargeback | None = strawberry.field(description="The chargeback now; null when nothing changed.")
    pack: EvidencePack | None = strawberry.field(description="The pack, final; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ChargebackQueries:
    """Reading chargebacks."""

    chargeback: Chargeback | None = point(
        "The chargeback of that id; null when there is none for the viewer.", of="chargeback"
    )
    chargebacks: Connection[Chargeback] = listing(
        "The chargebacks the viewer may see: a merchant its own, staff all.",
        filter=ChargebackFilter,
        order=ChargebackOrder,
    )
    evidence_pack: EvidencePack | None = point(
        "The evidence pack of that id; null when there is none for the viewer.", of="pack"
    )
    chargeback_notice: ChargebackNotice | None = point(
        "The notice of that id, for staff; null when there is none for the viewer.", of="notice"
    )
    chargeback_notices: Connection[ChargebackNotice] = listing(
        "What was told of chargebacks; for staff.", filter=ChargebackNoticeFilter, order=ByAge
    )
    processor: Processor | None = point(
        "The payment processor of that id, for staff; null when there is none for the viewer.", of="processor"
    )
    processors: Connection[Processor] = listing("The payment processors; for staff.", order=ByAge)


_LOST: Final = "what the protection bears of it is decided at once, explained, and booked."


@strawberry.type
class ChargebackMutations:
    """What can be done with chargebacks."""

    record_card_receipt: RecordCardReceiptPayload = mutation(
        memberships.record_card_receipt,
        RecordCardReceiptInput,
        keyed=True,
        description="A part or the whole of an order was paid by card. Refused above what the merchant's plan lets in "
        "by card: ask `cardAllowance` before you take one.",
    )
    register_processor: ProcessorPayload = mutation(
        processors.register_processor,
        RegisterProcessorInput,
        keyed=False,
        description="A payment processor may tell of chargebacks by signed webhooks; its secret is shown once.",
    )
    rotate_processor_secret: ProcessorPayload = mutation(
        processors.rotate_processor_secret,
        TurnProcessorInput,
        keyed=False,
        description="Give a processor a new secret; the one before is good a while longer.",
    )
    revoke_processor: ProcessorPayload = mutation(
        processors.revoke_processor,
        TurnProcessorInput,
        keyed=False,
        description="Hear a processor no longer.",
    )
    record_chargeback_notice: ChargebackNoticePayload = mutation(
        chargeback_notices.record_chargeback_notice,
        RecordChargebackNoticeInput,
        keyed=True,
        description="Enter what a network told of a chargeback, in the place of a processor. What fits no payment is "
        "kept until somebody matches it; words count in the order in which they occurred, whatever order they come in.",
    )
    match_chargeback_notice: ChargebackNoticePayload = mutation(
        chargeback_notices.match_chargeback_notice,
        MatchChargebackNoticeInput,
        keyed=True,
        description="Say which order an unmatched notice is about: its chargeback is opened, and what waited follows.",
    )
    accept_chargeback: ChargebackPayload = mutation(
        chargebacks.accept_chargeback,
        ChargebackStepInput,
        keyed=True,
        description="As the merchant, do not defend yourself: the money is gone.",
    )
    submit_evidence_pack: SubmitEvidencePackPayload = mutation(
        chargebacks.submit_evidence_pack,
        SubmitEvidencePackInput,
        keyed=True,
        description="As the merchant, defend yourself with your own words and files and with everything the platform "
        "holds. The pack is final.",
    )
    represent_chargeback: ChargebackPayload = mutation(
        chargebacks.represent_chargeback,
        ChargebackStepInput,
        keyed=True,
        description="As staff, accept the pack and send it to the network.",
    )
    return_evidence_pack: ChargebackPayload = mutation(
        chargebacks.return_evidence_pack,
        ReturnEvidencePackInput,
        keyed=True,
        description="As staff, find the pack insufficient: the merchant may mend it once. A second time the chargeback "
        f"is lost by default; {_LOST}",
    )
    contest_pre_arbitration: ChargebackPayload = mutation(
        chargebacks.contest_pre_arbitration,
        ChargebackStepInput,
        keyed=True,
        description="As staff, do not give in to the cardholder's bank either: the network decides.",
    )
