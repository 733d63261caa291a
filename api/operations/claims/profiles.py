"""The marketplace's choice of the clocks that govern its claims."""

from domain import access, tenants
from domain.errors import Invalid, Problem
from domain.rulebook import RuleKind
from storage import clocks as clock_rows
from storage import rulebook
from storage.unit_of_work import Outcome, Work


async def choose_claim_profile(work: Work, profile: str) -> Outcome:
    """Claims that are opened from now on are governed by that rule's clocks; those that are open keep theirs.

    Refuses a rule that is not in force (Refused) or not about a claim's clocks (Invalid), and the one that governs.
    """
    access.require(work.caller, "chooseClaimProfile")
    version = await rulebook.in_force(work.connection, work.tenant_id, profile, work.at)
    if version.kind is not RuleKind.CLAIM_CLOCKS:
        raise Invalid(Problem(("profile",), "is not about the clocks of a claim"))
    reading = await clock_rows.read_clock(work.connection, work.tenant_id)
    await work.keep(tenants.choose_claim_profile(reading.tenant, profile))
    return Outcome(facts={"profile": profile})
