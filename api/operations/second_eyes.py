"""Second eyes: a decision above the amount of the desk's rule is proposed instead of taken (`domain/proposals.py`).

Whatever decides a claim asks `proposed` first; whatever ends one tells `lapse`. What confirms and returns proposals is
in `api/operations/proposals.py`, which calls the decision itself.
"""

from domain import dates, desk, proposals
from domain.claims import Claim, DecideClaim
from domain.claims import desk as assignments
from domain.desk import RULE
from domain.errors import Refused
from domain.exchange_rates import Conversion
from domain.ids import ProposalId, RuleVersionId
from domain.money import Money
from domain.proposals import ProposalState
from storage import calendars, exchange_rates, rulebook
from storage import proposals as proposal_rows
from storage.unit_of_work import Work


async def proposed(work: Work, claim: Claim, command: DecideClaim, amount: Money) -> bool:
    """Whether the decision waits for a second adjudicator now, since it gives more than one may decide."""
    version = await rulebook.in_force(work.connection, work.tenant_id, RULE, work.at)
    terms = desk.desk_terms(version)
    conversion = await _conversion(work, amount, terms.second_eyes_above.currency)
    if desk.one_pair_of_eyes(terms, amount, conversion).holds:
        return False
    made = proposals.propose(
        command,
        amount,
        RuleVersionId(version.id),
        work.caller.actor_id,
        id=work.new_id(ProposalId),
        at=work.at,
    )
    await work.keep(made, assignments.propose(claim, made.after.id, work.caller.actor_id))
    return True


async def lapse(work: Work, before: Claim | None, after: Claim) -> None:
    """What was proposed for the claim is nothing to confirm any more, unless it was confirmed or returned just now."""
    if before is None or before.proposal_id is None or after.proposal_id is not None:
        return
    proposal = await proposal_rows.lock(work.connection, work.tenant_id, before.proposal_id)
    if proposal.state is ProposalState.PROPOSED:
        await work.keep(proposals.lapse(proposal, work.caller.actor_id, work.at))


async def _conversion(work: Work, amount: Money, currency: str) -> Conversion | None:
    """Today's rate into that currency; None where they are one, or none is recorded."""
    if amount.currency == currency or not amount.minor:
        return None
    day = dates.local_day(work.at, await calendars.get(work.connection, work.market))
    try:
        return await exchange_rates.rate(work.connection, work.tenant_id, amount.currency, currency, day)
    except Refused:
        return None
