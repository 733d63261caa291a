"""`./run rules`: rule sets from the platform's own terminal, through the same operations as the mutations."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.operations import rules
from api.operations.tenants import system
from api.settings import Settings, Unusable
from api.verbs.tenants import Named, instant_named, sentence, tenant_named, with_worker
from domain import rule_kinds, rulebook
from domain.access import Role
from domain.dates import rfc3339
from domain.errors import Invalid
from domain.rulebook import CaseResult, PublishRule, RuleVersion
from storage import clocks
from storage import rulebook as rule_rows
from storage.pool import Pool
from storage.unit_of_work import transact

Key = Annotated[str, typer.Argument(help="The rule: guarantees/on_time.")]
At = Annotated[str | None, typer.Option(help="The instant, 2027-01-31T00:00:00Z; now if not given.")]

command = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Check, publish, list and show rule sets.",
    no_args_is_help=True,
)


@command.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Rule sets in TOML; the shipped ones if not given.")
    ] = None,
) -> None:
    """Read rule sets and try their own examples. Needs no database; ends with code 1 if anything is wrong."""
    told = [_checked(file) for file in files or sorted(rule_rows.FOLDER.rglob("*.toml"))]
    print("\n".join(line for lines, _ in told for line in lines))
    if not all(passes for _, passes in told):
        raise typer.Exit(1)


@command.command()
def publish(file: Annotated[Path, typer.Argument(help="The rule set in TOML.")], tenant: Named = None) -> None:
    """Publish a rule set: its examples must come out right, and its notice must be long enough."""
    source = _read(file)

    async def published(_settings: Settings, pool: Pool) -> RuleVersion:
        caller = replace(system(await tenant_named(pool, tenant), "rules"), roles=frozenset({Role.POLICY}))
        outcome, _ = await transact(
            pool,
            caller,
            action="publishRule",
            request_id=f"run rules {secrets.token_hex(4)}",
            act=lambda work: rules.publish_rule(work, PublishRule(source)),
        )
        async with pool.acquire(caller.tenant_id) as connection:
            return await rule_rows.RULE_VERSIONS.get(connection, caller.tenant_id, outcome.things["rule"])

    version = with_worker(published)
    print(f"{version.id}  {version.key} {version.number} takes effect at {rfc3339(version.effective_from)}.")


@command.command("list")
def list_(tenant: Named = None) -> None:
    """List every version of every rule of a marketplace."""

    async def told(_settings: Settings, pool: Pool) -> list[str]:
        tenant_id = await tenant_named(pool, tenant)
        async with pool.acquire(tenant_id) as connection:
            now = (await clocks.read_clock(connection, tenant_id)).shows
            return [_line(version, now) for version in await rule_rows.page(connection, tenant_id)]

    print("\n".join(with_worker(told)))


@command.command()
def outdated(tenant: Named = None) -> None:
    """List every rule whose last version in a marketplace says something else than what this version ships.

    What a marketplace has is its own: `./run migrate` gives it rules that it lacks and changes none. `renew` publishes
    the shipped text.
    """

    async def told(_settings: Settings, pool: Pool) -> list[str]:
        tenant_id = await tenant_named(pool, tenant)
        async with pool.acquire(tenant_id) as connection:
            versions = await rule_rows.page(connection, tenant_id)
        standing = [version for version in versions if version.withdrawn_at is None]
        last = {version.key: version for version in sorted(standing, key=lambda version: version.effective_from)}
        return [_differs(version) for _, version in sorted(last.items()) if _older(version)]

    print("\n".join(with_worker(told)) or "Every rule says what is shipped.")


@command.command()
def renew(key: Key, tenant: Named = None) -> None:
    """Publish the shipped text of a rule as a marketplace's next version, in force as soon as its notice allows."""

    async def renewed(_settings: Settings, pool: Pool) -> RuleVersion:
        caller = replace(system(await tenant_named(pool, tenant), "rules"), roles=frozenset({Role.POLICY}))
        outcome, _ = await transact(
            pool,
            caller,
            action="publishRule",
            request_id=f"run rules {secrets.token_hex(4)}",
            act=lambda work: rules.renew_rule(work, key),
        )
        async with pool.acquire(caller.tenant_id) as connection:
            return await rule_rows.RULE_VERSIONS.get(connection, caller.tenant_id, outcome.things["rule"])

    version = with_worker(renewed)
    print(f"{version.id}  {version.key} {version.number} takes effect at {rfc3339(version.effective_from)}.")


@command.command()
def show(key: Key, at: At = None, tenant: Named = None) -> None:
    """Show the version of a rule that governs at an instant: its numbers, their sources, its examples."""
    when = None if at is None else instant_named(at)

    async def found(_settings: Settings, pool: Pool) -> RuleVersion:
        tenant_id = await tenant_named(pool, tenant)
        async with pool.acquire(tenant_id) as connection:
            now = when or (await clocks.read_clock(connection, tenant_id)).shows
            return await rule_rows.in_force(connection, tenant_id, key, now)

    version = with_worker(found)
    print(f"{version.key} {version.number}: {version.title}\n{_span(version)}\n")
    members = rulebook.members(version)
    wide, long = (max(len(text) for text in texts) for texts in zip(*((m.name, m.value) for m in members), strict=True))
    for member in members:
        print(f"  {member.name:{wide}}  {member.value:{min(long, 40)}}  {member.source}")
    print()
    print("\n".join(_case(result) for result in rule_kinds.check(version.source).results))


def _older(version: RuleVersion) -> bool:
    """Whether the shipped text of its key says something else."""
    draft = rule_rows.latest_shipped(version.key)
    return draft is not None and not rulebook.says_the_same(version.source, draft.source)


def _differs(version: RuleVersion) -> str:
    by = "shipped before" if version.published_by == rule_rows.SHIPPED_BY else "the marketplace's own"
    return f"{version.key:34}  {version.number:2}  {by}, in effect from {rfc3339(version.effective_from)}"


def _checked(file: Path) -> tuple[list[str], bool]:
    """What a file was found to be, line by line, and whether all is well with it."""
    try:
        draft = rule_kinds.check(_read(file))
    except Invalid as refusal:
        return [f"{file}: {sentence(refusal)}"], False
    passes = all(result.passes for result in draft.results)
    count = f"{sum(result.passes for result in draft.results)} of {len(draft.results)} examples come out right"
    failing = [_case(result) for result in draft.results if not result.passes]
    return [f"{file}: {draft.rule_set.key}, {count}", *failing], passes


def _case(result: CaseResult) -> str:
    if result.passes:
        return f"  right  {result.name}"
    return f"  WRONG  {result.name}: {result.problem or f'expected {dict(result.expect)}, got {dict(result.got)}'}"


def _line(version: RuleVersion, now: datetime) -> str:
    state = rulebook.state(version, now)
    return f"{version.id}  {version.key:34}  {version.number:2}  {state:10}  {_span(version)}"


def _span(version: RuleVersion) -> str:
    until = "" if version.effective_until is None else f" until {rfc3339(version.effective_until)}"
    return f"published {rfc3339(version.published_at)}, in effect from {rfc3339(version.effective_from)}{until}"


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise Unusable(f"{file} cannot be read: {reason}.") from reason
