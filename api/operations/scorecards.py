"""Scorecards: what an appeal takes out of them. Their counters move by themselves (`storage/scorecards.py`)."""

from domain.ids import ClaimId
from storage import scorecards as scorecard_rows
from storage.scorecards import Exclusion
from storage.unit_of_work import Work


async def exclude(work: Work, claim_id: ClaimId, reason: str) -> bool:
    """The claim is no defect of its party from now on, whatever was or will be decided; whether it was one until now.

    An appeal calls it, with the claim locked. Nothing changes where it is excluded already.
    """
    if await scorecard_rows.excluded(work.connection, work.tenant_id, claim_id):
        return False
    work.add(Exclusion(claim_id, reason, work.at))
    return True
