"""What can be listened to. Each event re-reads the thing for its listener: nobody hears of what they may not see."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import strawberry

from api.schema.arguments import Argument
from api.schema.claims import Claim
from api.schema.stream import subscription
from domain.access import Caller
from domain.ids import ClaimId
from storage.fanout import Fanout


async def claim_changes(fanout: Fanout, caller: Caller, arguments: Mapping[str, Any]) -> AsyncIterator[ClaimId]:
    """The id of each claim of the caller's tenant that changed; of one claim only where its id is given.

    Raises Lost when changes may have been missed.
    """
    wanted = arguments.get("claim_id")
    async with fanout.listen(caller.tenant_id) as mailbox:
        async for event in mailbox:
            if event.object_id.startswith(f"{ClaimId.prefix}_") and wanted in {None, event.object_id}:
                yield ClaimId(event.object_id)


@strawberry.type
class ClaimSubscriptions:
    """Listening to claims."""

    claim_changed: Claim = subscription(
        claim_changes,
        "Each claim that changed, as it stands when the event is sent. Changes in quick succession may come as one. A "
        "subscription that may have missed changes ends with UNAVAILABLE: subscribe again and read what you watch.",
        Argument("claim_id", strawberry.ID | None, "Only this claim; all that the viewer may see when left out."),
    )
