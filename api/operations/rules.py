"""Rules are published and withdrawn by policy staff; the rules say when (`domain/rulebook.py`)."""

from collections.abc import Sequence
from typing import Any

from domain import access, rule_kinds, rulebook
from domain.change import Change
from domain.errors import Conflict, NotFound
from domain.ids import RuleVersionId
from domain.rulebook import PublishRule, WithdrawRule
from storage import calendars
from storage import rulebook as rule_rows
from storage.unit_of_work import Outcome, Work


async def publish_rule(work: Work, command: PublishRule) -> Outcome:
    """The rule set is the next version of its key, in force from the date of its text.

    Refuses a text that cannot be read, failing example cases, too short a notice, an overlap; see `publish_rule` of the
    domain.
    """
    access.require(work.caller, "publishRule")
    draft = rule_kinds.check(command.source)
    versions = await rule_rows.lock_key(work.connection, work.tenant_id, draft.rule_set.key)
    notice = await rule_rows.in_force(work.connection, work.tenant_id, rulebook.PUBLICATION, work.at)
    changes = rulebook.publish_rule(
        draft,
        versions,
        rulebook.publication_terms(notice),
        await calendars.get(work.connection, work.market),
        id=work.new_id(RuleVersionId),
        market=work.market,
        at=work.at,
        by=work.caller.actor_id,
    )
    await _keep_in_order(work, changes)
    return Outcome({"rule": changes[-1].after.id})


async def renew_rule(work: Work, key: str) -> Outcome:
    """The shipped text of that key is the next version of the marketplace's own, as soon as its notice allows.

    For marketplaces that an older version made: what they have is theirs, and nobody changes it for them. Refuses with
    NotFound a key that is not shipped, with Conflict one whose last version says the same already.
    """
    access.require(work.caller, "publishRule")
    draft = rule_rows.latest_shipped(key)
    if draft is None:
        raise NotFound(f"No rule set {key} is shipped.", field=("key",))
    versions = await rule_rows.lock_key(work.connection, work.tenant_id, key)
    standing = [version for version in versions if version.withdrawn_at is None]
    last = max(standing, key=lambda version: version.effective_from, default=None)
    if last is not None and rulebook.says_the_same(last.source, draft.source):
        raise Conflict(f"{key} {last.number} says what is shipped already.", field=("key",))
    notice = await rule_rows.in_force(work.connection, work.tenant_id, rulebook.PUBLICATION, work.at)
    calendar = await calendars.get(work.connection, work.market)
    earliest = rulebook.earliest_effect(rulebook.publication_terms(notice), work.market, calendar, work.at)
    return await publish_rule(work, PublishRule(rulebook.renewed(draft.source, standing, earliest, work.at)))


async def withdraw_rule(work: Work, command: WithdrawRule) -> Outcome:
    """The version never takes effect; the one before it stands on. Refuses what took effect or has a successor."""
    access.require(work.caller, "withdrawRule")
    found = await rule_rows.get(work.connection, work.tenant_id, command.rule_version_id)
    versions = await rule_rows.lock_key(work.connection, work.tenant_id, found.key)
    version = next(version for version in versions if version.id == found.id)
    work.expect(version)
    await _keep_in_order(work, rulebook.withdraw_rule(version, versions, at=work.at))
    return Outcome({"rule": version.id})


async def _keep_in_order(work: Work, changes: Sequence[Change[Any]]) -> None:
    """Each change is written before the next: two versions in force at once are refused even for the moment between."""
    for change in changes:
        await work.keep(change)
        await work.write()
