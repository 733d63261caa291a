"""Reviews: taken over by somebody of the desk."""

from domain import access, reviews
from domain.errors import NotFound
from domain.ids import ApiKeyId, Id, MemberId
from domain.reviews import AssignReview
from storage import keys as key_rows
from storage import members as member_rows
from storage import providers as provider_rows
from storage import reviews as review_rows
from storage.unit_of_work import Outcome, Work


async def assign_review(work: Work, command: AssignReview) -> Outcome:
    """The review is the caller's, or whose the caller names. Refuses who is not of the desk (NotFound), ended ones."""
    access.require(work.caller, "assignReview")
    seen = await review_rows.get(work.connection, work.tenant_id, command.review_id)
    await provider_rows.lock(work.connection, work.tenant_id, seen.provider_id)
    review = await review_rows.lock(work.connection, work.tenant_id, command.review_id)
    work.expect(review)
    assignee_id = command.assignee_id or work.caller.actor_id
    if assignee_id != work.caller.actor_id:
        await require_colleague(work, assignee_id)
    await work.keep(reviews.assign_review(review, work.caller, assignee_id))
    return Outcome({"review": review.id})


async def require_colleague(work: Work, id: Id) -> None:
    """Returns if that member or key belongs to the caller's own organisation now. Refuses with NotFound."""
    if isinstance(id, MemberId):
        member = await member_rows.get(work.connection, work.tenant_id, id)
        organisation_id, there = member.organisation_id, member.removed_at is None
    elif isinstance(id, ApiKeyId):
        key = await key_rows.get(work.connection, work.tenant_id, id)
        organisation_id, there = key.organisation_id, key.revoked_at is None
    else:
        organisation_id, there = None, False
    if not there or organisation_id != work.caller.organisation_id:
        raise NotFound("There is no such person or key at the desk.", field=("assigneeId",))
