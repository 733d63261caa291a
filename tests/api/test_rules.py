"""Rules over the engine: read by everybody, checked by staff, published and withdrawn by policy staff."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api.operations import clocks, rules
from api.verbs import rules as rules_verb
from api.verbs import tenants as tenants_verb
from domain import dates
from domain.access import Role
from domain.clocks import MoveClock
from domain.dates import Calendar, rfc3339
from domain.errors import Refused
from domain.ids import RuleVersionId
from domain.rulebook import PublishRule
from storage import rulebook
from storage.minting import mint
from tests.marketplaces import Asking, Marketplace, open_marketplace

KEY = "guarantees/on_time"
PUBLISHED = "rule { id key number state effectiveFrom effectiveUntil version }"


def text(today: datetime, effective_from: datetime, *, share: int = 2_000, amount: str = "200.00 USD") -> str:
    """The shipped on-time rule with another share, announced today. The cap is lifted so that the share shows."""
    shipped = (rulebook.FOLDER / "guarantees" / "on_time.toml").read_text(encoding="utf-8")
    head, case = shipped.split("[[case]]")[:2]
    head = head.replace("published_at = 2000-01-01T00:00:00Z", f"published_at = {rfc3339(today)}")
    head = head.replace("effective_from = 2000-01-01T00:00:00Z", f"effective_from = {rfc3339(effective_from)}")
    head = head.replace("share_bp = 1000", f"share_bp = {share}").replace("100.00 USD", "1000.00 USD")
    case = case.replace('value = "2500.00 USD"', 'value = "1000.00 USD"')
    case = case.replace('amount = "100.00 USD", base = "2500.00 USD"', f'amount = "{amount}"')
    return f"{head}[[case]]{case}"


@pytest.fixture
def today() -> datetime:
    """Noon of the marketplace's own day."""
    desk = Calendar("US", "America/New_York")
    return desk.midnight(dates.local_day(datetime.now(UTC), desk)) + timedelta(hours=12)


async def published(market: Marketplace, ask: Asking, source: str) -> Any:
    return await ask.mutate(market.staff(Role.POLICY), "publishRule", PUBLISHED, source=source)


# -- reading -----------------------------------------------------------------------------------------------------------


async def test_everybody_reads_the_rules_and_only_staff_who_published_them(market: Marketplace, ask: Asking) -> None:
    buyer = await market.add("Acme", Role.BUYER)
    query = """query ($at: DateTime) {
      now: rule(key: "guarantees/machinery_after_sales") { number state publishedBy members { name value source } }
      then: rule(key: "guarantees/machinery_after_sales", at: $at) { number state effectiveUntil
        differences { name before after } cases { name passes } digest }
      none: rule(key: "guarantees/unheard_of") { number }
    }"""
    shown = await ask(buyer.caller, query, at="2022-05-29T23:59:59Z")
    assert (shown["now"]["number"], shown["now"]["state"], shown["now"]["publishedBy"]) == (3, "EFFECTIVE", None)
    members = {member["name"]: member for member in shown["now"]["members"]}
    assert members["compensation.share_bp"]["value"] == "200"
    assert members["compensation.share_bp"]["source"].startswith("brief SD0")
    assert (shown["then"]["number"], shown["then"]["state"]) == (1, "SUPERSEDED")
    assert shown["then"]["effectiveUntil"] == "2022-05-30T00:00:00Z"
    assert shown["then"]["differences"] == []
    assert [case["passes"] for case in shown["then"]["cases"]] == [True] * 3
    assert shown["none"] is None
    staff = await ask(market.staff(Role.POLICY), '{ rule(key: "tiers") { publishedBy } }')
    assert staff == {"rule": {"publishedBy": "system:shipped"}}


async def test_rules_are_listed_by_key_kind_and_instant(market: Marketplace, ask: Asking) -> None:
    query = """query ($filter: RuleFilter) { rules(first: 50, filter: $filter) { nodes { id key number
      differences { name before after } } } }"""
    staff = market.staff(Role.POLICY)
    everything = (await ask(staff, query))["rules"]["nodes"]
    assert [(node["key"], node["number"]) for node in everything] == sorted(
        (node["key"], node["number"]) for node in everything
    )
    of_kind = (await ask(staff, query, filter={"kinds": ["AFTER_SALES"]}))["rules"]["nodes"]
    assert {node["key"] for node in of_kind} > {"guarantees/machinery_after_sales"}
    machinery = [node for node in of_kind if node["key"] == "guarantees/machinery_after_sales"]
    assert [node["number"] for node in machinery] == [1, 2, 3]
    assert {difference["name"] for difference in machinery[2]["differences"]} == {
        "compensation.share_bp",
        "compensation.cap",
        "compensation.form",
        "compensation.coupon_days",
        "compensation.recovery_days",
    }
    filters = {"key": "guarantees/machinery_after_sales", "governsAt": "2022-07-05T23:59:59Z"}
    governing = (await ask(staff, query, filter=filters))["rules"]["nodes"]
    assert [node["number"] for node in governing] == [2]
    one = await ask(staff, "query ($id: ID!) { ruleVersion(id: $id) { key } }", id=governing[0]["id"])
    assert one == {"ruleVersion": {"key": "guarantees/machinery_after_sales"}}


async def test_a_rule_is_checked_without_being_published(market: Marketplace, ask: Asking, today: datetime) -> None:
    query = """query ($source: String!) { checkRule(source: $source) { passes key kind title effectiveFrom
      problems { path message } cases { name passes expected got problem } } }"""
    staff = market.staff(Role.SUPPORT)
    good = (await ask(staff, query, source=text(today, today + timedelta(days=8))))["checkRule"]
    assert (good["passes"], good["key"], good["kind"], good["problems"]) == (True, KEY, "ON_TIME", [])
    failing = text(today, today + timedelta(days=8), amount="100.00 USD")
    bad = (await ask(staff, query, source=failing))["checkRule"]
    assert (bad["passes"], bad["problems"]) == (False, [])
    assert '"amount": "100.00 USD"' in bad["cases"][0]["expected"]
    assert '"amount": "200.00 USD"' in bad["cases"][0]["got"]
    broken = (await ask(staff, query, source="key = 1"))["checkRule"]
    assert (broken["passes"], broken["key"]) == (False, None)
    assert ["source", "key"] in [problem["path"] for problem in broken["problems"]]
    supplier = await market.add("Maker", Role.SUPPLIER)
    assert (await ask(supplier.caller, query, source=failing))["checkRule"] is None
    assert (await ask(staff, "{ rules(first: 100) { nodes { key } } }"))["rules"]["nodes"].count({"key": KEY}) == 1


# -- publishing --------------------------------------------------------------------------------------------------------


async def test_a_published_rule_waits_for_its_day_and_then_governs(
    market: Marketplace, ask: Asking, today: datetime
) -> None:
    begins = (today + timedelta(days=8)).replace(hour=0)
    payload = await published(market, ask, text(today, begins))
    assert payload["userErrors"] == []
    rule = payload["rule"]
    assert (rule["key"], rule["number"], rule["state"], rule["effectiveUntil"]) == (KEY, 2, "PUBLISHED", None)
    query = f'{{ rule(key: "{KEY}") {{ number effectiveUntil differences {{ name before after }} }} }}'
    now = (await ask(market.admin, query))["rule"]
    assert (now["number"], now["effectiveUntil"]) == (1, rfc3339(begins))
    await market.act(market.admin, clocks.move_clock, MoveClock(begins))
    then = (await ask(market.admin, query))["rule"]
    assert then["number"] == 2
    assert {"name": "compensation.share_bp", "before": "1000", "after": "2000"} in then["differences"]


@pytest.mark.parametrize(
    ("days", "announced", "amount", "reasons"),
    [
        (3, 0, "200.00 USD", ["rule_notice_given"]),
        (8, -1, "200.00 USD", ["rule_dated_today"]),
        (8, 0, "100.00 USD", ["rule_case_passes"]),
        (3, -1, "100.00 USD", ["rule_case_passes", "rule_dated_today", "rule_notice_given"]),
    ],
)
async def test_what_stands_in_the_way_is_told_and_nothing_is_published(
    market: Marketplace, ask: Asking, today: datetime, days: int, announced: int, amount: str, reasons: list[str]
) -> None:
    source = text(today + timedelta(days=announced), today + timedelta(days=days), amount=amount)
    payload = await published(market, ask, source)
    assert payload["rule"] is None
    (error,) = payload["userErrors"]
    assert (error["code"], error["rule"]) == ("REFUSED", "rulebook.publication")
    assert [reason["reason"] for reason in error["reasons"]] == reasons
    assert (await ask(market.admin, "{ rules(first: 100) { nodes { key } } }"))["rules"]["nodes"].count(
        {"key": KEY}
    ) == 1


async def test_a_text_that_cannot_be_read_names_every_place(market: Marketplace, ask: Asking, today: datetime) -> None:
    source = text(today, today + timedelta(days=8)).replace("share_bp = 2000", "share_bp = 20000.5")
    source = source.replace('base = "LATE_LINES"', 'base = "GUESS"')
    payload = await published(market, ask, source)
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        ("INVALID", ["source", "body", "base"]),
        ("INVALID", ["source", "body", "compensation", "share_bp"]),
    ]


async def test_only_policy_staff_publish(market: Marketplace, ask: Asking, today: datetime) -> None:
    source = text(today, today + timedelta(days=8))
    for role in (Role.ADMIN, Role.SUPPORT, Role.FINANCE):
        payload = await ask.mutate(market.staff(role), "publishRule", "rule { id }", source=source)
        assert [error["code"] for error in payload["userErrors"]] == ["FORBIDDEN"]
    buyer = await market.add("Acme", Role.BUYER)
    version_id = mint(RuleVersionId)
    payload = await ask.mutate(buyer.caller, "withdrawRule", "rule { id }", ruleVersionId=version_id)
    assert [error["code"] for error in payload["userErrors"]] == ["FORBIDDEN"]


async def test_two_who_publish_at_once_take_turns(market: Marketplace, today: datetime) -> None:
    begins = today + timedelta(days=8)
    sources = [text(today, begins, share=share, amount=f"{share // 10}.00 USD") for share in (1_100, 1_200)]
    wishes = [market.act(market.staff(Role.POLICY), rules.publish_rule, PublishRule(source)) for source in sources]
    results = await asyncio.gather(*wishes, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Refused)]
    assert [finding.reason for refusal in refused for finding in refusal.unmet] == ["rule_begins_last"]
    assert len(results) == 2


async def test_another_tenants_rules_stay_as_they_are(
    market: Marketplace, ask: Asking, today: datetime, owner: asyncpg.Pool[Any]
) -> None:
    other = await open_marketplace(market.pool, "Another market")
    payload = await published(market, ask, text(today, today + timedelta(days=8)))
    assert payload["userErrors"] == []
    count = "SELECT count(*) FROM rule_versions WHERE tenant_id = $1 AND key = $2"
    assert await owner.fetchval(count, other.id, KEY) == 1
    hidden = await ask(other.admin, "query ($id: ID!) { ruleVersion(id: $id) { key } }", id=payload["rule"]["id"])
    assert hidden == {"ruleVersion": None}
    foreign = await ask.mutate(
        other.staff(Role.POLICY), "withdrawRule", "rule { id }", ruleVersionId=payload["rule"]["id"]
    )
    assert [error["code"] for error in foreign["userErrors"]] == ["NOT_FOUND"]


# -- withdrawing -------------------------------------------------------------------------------------------------------


async def test_a_rule_is_withdrawn_before_its_day_and_the_old_one_stands_on(
    market: Marketplace, ask: Asking, today: datetime
) -> None:
    begins = (today + timedelta(days=8)).replace(hour=0)
    version = (await published(market, ask, text(today, begins)))["rule"]
    policy = market.staff(Role.POLICY)
    stale = await ask.mutate(policy, "withdrawRule", PUBLISHED, ruleVersionId=version["id"], expectedVersion=7)
    assert [error["code"] for error in stale["userErrors"]] == ["STALE_VERSION"]
    payload = await ask.mutate(policy, "withdrawRule", PUBLISHED, ruleVersionId=version["id"], expectedVersion=1)
    assert (payload["userErrors"], payload["rule"]["state"], payload["rule"]["version"]) == ([], "WITHDRAWN", 2)
    again = await ask.mutate(policy, "withdrawRule", PUBLISHED, ruleVersionId=version["id"])
    assert [reason["reason"] for error in again["userErrors"] for reason in error["reasons"]] == ["rule_stands"]
    await market.act(market.admin, clocks.move_clock, MoveClock(begins + timedelta(days=1)))
    assert (await ask(policy, f'{{ rule(key: "{KEY}") {{ number effectiveUntil }} }}'))["rule"] == {
        "number": 1,
        "effectiveUntil": None,
    }


async def test_a_rule_in_effect_is_not_withdrawn(market: Marketplace, ask: Asking) -> None:
    policy = market.staff(Role.POLICY)
    version = (await ask(policy, f'{{ rule(key: "{KEY}") {{ id }} }}'))["rule"]
    payload = await ask.mutate(policy, "withdrawRule", PUBLISHED, ruleVersionId=version["id"])
    assert payload["rule"] is None
    assert [reason["reason"] for error in payload["userErrors"] for reason in error["reasons"]] == [
        "rule_not_in_effect"
    ]
    malformed = await ask.mutate(policy, "withdrawRule", PUBLISHED, ruleVersionId="rul_1")
    assert [(error["code"], error["field"]) for error in malformed["userErrors"]] == [("INVALID", ["ruleVersionId"])]


# -- at the terminal ---------------------------------------------------------------------------------------------------


def test_the_terminal_checks_files_without_a_marketplace(terminal: Any, tmp_path: Path, today: datetime) -> None:
    shipped = terminal(rules_verb.command, "check")
    assert shipped.exit_code == 0, shipped.output
    assert shipped.output.count("examples come out right") == len(rulebook.shipped())
    failing, broken = tmp_path / "failing.toml", tmp_path / "broken.toml"
    failing.write_text(text(today, today + timedelta(days=8), amount="1.00 USD"))
    broken.write_text("key = 1")
    both = terminal(rules_verb.command, "check", str(failing), str(broken))
    assert both.exit_code == 1
    assert "0 of 1 examples come out right" in both.output
    assert "WRONG" in both.output
    assert "source.key expected a text" in both.output
    missing = terminal(rules_verb.command, "check", str(tmp_path / "nowhere.toml"))
    assert "cannot be read" in str(missing.exception)


def test_the_terminal_publishes_lists_and_shows(terminal: Any, tmp_path: Path, today: datetime) -> None:
    made = terminal(tenants_verb.command, "create", "--name", "Harbour")
    assert made.exit_code == 0, made.output
    file, begins = tmp_path / "on_time.toml", today + timedelta(days=8)
    file.write_text(text(today, begins))
    published = terminal(rules_verb.command, "publish", str(file))
    assert f"{KEY} 2 takes effect at {rfc3339(begins)}." in published.output
    listed = terminal(rules_verb.command, "list").output.splitlines()
    assert len(listed) == len(rulebook.shipped()) + 1
    assert [line.split()[3] for line in listed if KEY in line] == ["EFFECTIVE", "PUBLISHED"]
    shown = terminal(rules_verb.command, "show", KEY, "--at", rfc3339(begins)).output
    assert shown.startswith(f"{KEY} 2: On-time delivery")
    assert "compensation.share_bp" in shown
    assert terminal(rules_verb.command, "show", KEY).output.startswith(f"{KEY} 1: On-time delivery")
    again = terminal(rules_verb.command, "publish", str(file))
    assert "already published" in str(again.exception)
    file.write_text(text(today, today + timedelta(days=2)))
    hasty = terminal(rules_verb.command, "publish", str(file))
    assert "A new version needs 7 days of notice" in str(hasty.exception)
    unheard = terminal(rules_verb.command, "show", "guarantees/unheard_of")
    assert str(unheard.exception).count("o version of guarantees/unheard_of is in force") == 1
    no_instant = terminal(rules_verb.command, "show", KEY, "--at", "tomorrow")
    assert "'tomorrow' is no instant" in str(no_instant.exception)


def test_what_is_shipped_anew_reaches_a_marketplace_with_rules_of_its_own(
    terminal: Any, tmp_path: Path, today: datetime
) -> None:
    """A marketplace whose rule about appeals knows no urgent channel gets it from the terminal, with notice."""
    terminal(tenants_verb.command, "create", "--name", "Harbour")
    assert "Every rule says what is shipped." in terminal(rules_verb.command, "outdated").output
    assert "says what is shipped already" in str(terminal(rules_verb.command, "renew", "appeals").exception)
    shipped = (rulebook.FOLDER / "appeals.toml").read_text(encoding="utf-8")
    before, _, rest = shipped.partition("[body.urgent]")
    head = before + rest[rest.index("[sources]") :].split('[[case]]\nname = "by the urgent channel')[0]
    begins = today + timedelta(days=8)
    dated = {"published_at": today, "effective_from": begins}
    for name, at in dated.items():
        head = head.replace(f"{name} = 2000-01-01T00:00:00Z", f"{name} = {rfc3339(at)}")
    older = tmp_path / "appeals.toml"
    older.write_text("\n".join(line for line in head.splitlines() if not line.startswith("urgent = ")))
    assert terminal(rules_verb.command, "publish", str(older)).exit_code == 0
    assert "standing_days" not in terminal(rules_verb.command, "show", "appeals", "--at", rfc3339(begins)).output
    listed = terminal(rules_verb.command, "outdated").output
    assert (listed.split()[:2], "the marketplace's own" in listed) == (["appeals", "2"], True)
    renewed = terminal(rules_verb.command, "renew", "appeals")
    later = rfc3339(begins + timedelta(days=1))
    assert f"appeals 3 takes effect at {later}." in renewed.output, renewed.exception
    shown = terminal(rules_verb.command, "show", "appeals", "--at", later).output
    assert "urgent.standing_days" in shown
    assert "Every rule says what is shipped." in terminal(rules_verb.command, "outdated").output
    assert "No rule set guarantees/unheard_of is shipped" in str(
        terminal(rules_verb.command, "renew", "guarantees/unheard_of").exception
    )
