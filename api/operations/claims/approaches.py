"""Before there is a claim: the buyer tells the party of its trouble, the party objects to a scan."""

from domain import access
from domain.claims import ClaimContact, ContactParty, DisputeScan, ScanDispute, scans
from domain.claims.scans import ScanFacts
from domain.errors import NotFound, Refused
from domain.ids import ClaimContactId, ScanDisputeId
from storage import claims as claim_rows
from storage import coverage as coverage_rows
from storage.unit_of_work import Outcome, Work


async def contact_party(work: Work, command: ContactParty) -> Outcome:
    """The liable party of the cover knows of the buyer's trouble, which some profiles ask for before a claim.

    Refuses with NotFound another buyer's cover.
    """
    access.require(work.caller, "contactParty")
    cover = await coverage_rows.get(work.connection, work.tenant_id, command.coverage_id)
    if not work.caller.is_operator and work.caller.party_id != cover.buyer_id:
        raise NotFound("there is no such cover", field=("coverageId",))
    contact = ClaimContact(work.new_id(ClaimContactId), cover.id, command.note, work.at)
    work.add(contact)
    return Outcome({"contact": contact.id})


async def dispute_scan(work: Work, command: DisputeScan) -> Outcome:
    """A late delivery under the cover will be decided by people, not paid by tracking alone.

    Refuses, with every reason, outside the hold window of the cover's rule, another party, and a second dispute; with
    NotFound a cover that is none of the caller's.
    """
    access.require(work.caller, "disputeScan")
    rows = await claim_rows.lock_case(work.connection, work.tenant_id, command.coverage_id)
    if work.caller.party_id not in {rows.cover.party_id, rows.cover.buyer_id}:
        raise NotFound("there is no such cover", field=("coverageId",))
    facts = ScanFacts(rows.order.promises, rows.disputed)
    if because := scans.disputable(rows.cover, facts, work.caller, work.at).because:
        raise Refused("scan.dispute", "The scan cannot be disputed.", because)
    dispute = ScanDispute(work.new_id(ScanDisputeId), rows.cover.id, command.note, work.at)
    work.add(dispute)
    return Outcome({"dispute": dispute.id, "coverage": rows.cover.id})
