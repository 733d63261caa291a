"""What can be listened to. Each event re-reads the thing for its listener: nobody hears of what they may not see."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import strawberry

from api.schema.arguments import Argument
from api.schema.claims import Claim
from api.schema.shipments import Shipment
from api.schema.stream import subscription
from domain.access import Caller, ViewerKind
from domain.ids import ClaimId, ShipmentId
from storage.fanout import Event, Fanout

UNAVAILABLE: Final = (
    "Changes in quick succession may come as one. A subscription that may have missed changes ends with UNAVAILABLE: "
    "subscribe again and read what you watch."
)


async def claim_changes(fanout: Fanout, caller: Caller, arguments: Mapping[str, Any]) -> AsyncIterator[ClaimId]:
    """The id of each claim of the caller's tenant that changed; of one claim only where its id is given.

    Raises Lost when changes may have been missed.
    """
    wanted = arguments.get("claim_id")

    def is_wanted(event: Event) -> bool:
        return event.object_id.startswith(f"{ClaimId.prefix}_") and wanted in {None, event.object_id}

    async with fanout.listen(caller.tenant_id, is_wanted) as mailbox:
        async for event in mailbox:
            yield ClaimId(event.object_id)


async def shipment_changes(fanout: Fanout, caller: Caller, arguments: Mapping[str, Any]) -> AsyncIterator[ShipmentId]:
    """The id of each shipment of the caller's that changed, staff's all; of one only where its id is given.

    What is known to concern others is left out at once; of the rest the reading decides. Raises Lost when changes may
    have been missed.
    """
    wanted = arguments.get("shipment_id")

    def is_wanted(event: Event) -> bool:
        return (
            event.object_id.startswith(f"{ShipmentId.prefix}_")
            and wanted in {None, event.object_id}
            and (caller.viewer is ViewerKind.STAFF or event.parties is None or caller.party_id in event.parties)
        )

    async with fanout.listen(caller.tenant_id, is_wanted) as mailbox:
        async for event in mailbox:
            yield ShipmentId(event.object_id)


@strawberry.type
class ClaimSubscriptions:
    """Listening to claims."""

    claim_changed: Claim = subscription(
        claim_changes,
        f"Each claim that changed, as it stands when the event is sent. {UNAVAILABLE}",
        Argument("claim_id", strawberry.ID | None, "Only this claim; all that the viewer may see when left out."),
    )


@strawberry.type
class ShipmentSubscriptions:
    """Listening to shipments."""

    shipment_changed: Shipment = subscription(
        shipment_changes,
        "Each shipment that changed, as it stands when the event is sent: for whoever carries it, the two sides of its "
        f"order, and staff. {UNAVAILABLE}",
        Argument("shipment_id", strawberry.ID | None, "Only this shipment; all that the viewer may see when left out."),
    )
