"""The place of a case in the desk's queues, by the benefit of the buyer's tier when the case began."""

from domain.buyers import TIER_RULE
from domain.errors import Refused
from domain.tiers import tier_terms
from storage import rulebook
from storage.unit_of_work import Work


async def queue_rank(work: Work, level: int) -> int:
    """Minus the priority that the buyer's level has now: smaller goes first, 0 where it has none."""
    try:
        rule = tier_terms(await rulebook.in_force(work.connection, work.tenant_id, TIER_RULE, work.at))
    except Refused:  # a marketplace without tiers: nobody goes before anybody
        return 0
    return -(rule.levels[level].priority or 0)
