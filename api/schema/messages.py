"""Messages in GraphQL: what the platform wrote to the parties of a shipment. They are written by clocks."""

from datetime import datetime

import strawberry

from api.schema.buyers import Buyer
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding
from api.schema.node import Node
from api.schema.orders import Order
from api.schema.organisations import ByAge
from api.schema.rules import RuleVersion
from api.schema.shipments import Shipment
from api.schema.suppliers import Supplier
from domain.locales import Locale
from domain.messages import MessageKey, MessageState

described(MessageKey)
described(MessageState)


@strawberry.input(description="Which messages. What is left out does not matter; conditions add up.")
class MessageFilter:
    """The filters of `storage/views/messages.py`."""

    keys: list[MessageKey] | None = strawberry.field(default=None, description="About one of these.")
    states: list[MessageState] | None = strawberry.field(default=None, description="In one of these states.")
    shipment_id: strawberry.ID | None = strawberry.field(default=None, description="About this shipment.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="About this order.")
    party_id: strawberry.ID | None = strawberry.field(default=None, description="To this buyer or supplier.")


@strawberry.type(description="What the platform wrote to a party about a shipment, or skipped because it was void.")
class Message(Node):
    """`domain.messages.Message`."""

    key: MessageKey = strawberry.field(description="What it is about.")
    state: MessageState = strawberry.field(description="Whether it was sent or skipped.")
    shipment: Shipment | None = strawberry.field(description="The shipment: with the party, the thread it belongs to.")
    order: Order | None = strawberry.field(description="The shipment's order.")
    buyer: Buyer | None = strawberry.field(description="To whom, where it is to a buyer.")
    supplier: Supplier | None = strawberry.field(description="To whom, where it is to a supplier.")
    language: Locale = strawberry.field(description="The language of the party's country.")
    title: str | None = strawberry.field(description="Its first line; null where it was skipped.")
    text: str | None = strawberry.field(description="Its text; null where it was skipped.")
    because: list[Finding] = strawberry.field(description="Why it was skipped; empty where it was sent.")
    rule_version: RuleVersion | None = strawberry.field(description="The version of the templates it was written by.")
    due_at: datetime = strawberry.field(description="When it was due.")
    at: datetime = strawberry.field(description="When it was written or skipped.")
    version: int = strawberry.field(description="Always 1: a message never changes.")


@strawberry.type
class MessageQueries:
    """Reading messages."""

    message: Message | None = point("The message of that id; null when there is none for the viewer.", of="message")
    messages: Connection[Message] = listing("The messages to the viewer; staff all.", filter=MessageFilter, order=ByAge)
