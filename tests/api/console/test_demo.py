"""The demo marketplace in the console: from nothing to a paid coupon, by clicking through the examples of each role."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api import worker
from api.console.examples import shipped
from api.settings import Settings
from api.verbs import books, demo
from storage.pool import Pool
from tests.api.console.browser import Browser
from tests.api.console.pages import RESPONSE, execute, load, open_example, show
from tests.serving import serving

STORY = [
    ("buyer2", ["What I bought", "Claim for the late order", "Who I am here"]),
    ("provider", ["What I carry", "Report where it is", "Claims against me", "Own up to the claim"]),
    ("buyer2", ["My claims", "My coupons", "Pay a later order with the coupon"]),
    ("provider", ["What I owe"]),
    ("supplier", ["My claims and recoveries", "What I sold", "What I promise", "Contest a claim"]),
    ("buyer", ["What I bought", "My coupons", "Pay a later order with the coupon", "My claims", "Withdraw my claim"]),
    ("buyer", ["My level and what is missing for the next", "Ask what it costs", "Take the best offer"]),
    ("provider2", ["What I sell", "What stops when my bond ends"]),
    ("provider4", ["What I still have to prove"]),
    ("operator", ["The review desk", "Engineers near a port"]),
    ("operator", ["The claims queue", "Decide a claim", "Where each cent went", "Who trades here", "Record an order"]),
    ("operator", ["Record its payment", "What became of it"]),
    ("admin", ["Buyer tiers", "Rules in force", "How a rule changed", "Keys and people", "Issue a key"]),
    ("admin", ["Revoke that key", "What is due", "Move the clock"]),
]
WATCHED = {"Watch my claims", "Watch all claims"}


@pytest.fixture
async def origin(settings: Settings, emptied: None, tmp_path: Path) -> AsyncIterator[str]:
    """The real application with the demo marketplace and a worker; gives its address."""
    live = replace(settings, demo=True, state_dir=tmp_path)
    (tmp_path / "demo.json").write_text(json.dumps(await demo.load(live)))
    working = asyncio.create_task(worker.run(live))
    async with serving(live) as served:
        yield served.url
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


def run_example(browser: Browser, title: str) -> tuple[dict[str, Any], list[Any]]:
    """What the example answers, and everything wrong with it: errors, refusals, and what is null."""
    open_example(browser, title)
    answer: dict[str, Any] = json.loads(execute(browser, "{"))
    if "data" not in answer or "errors" in answer:
        return {}, [answer]
    data: dict[str, Any] = answer["data"]
    refused = [value["userErrors"] for value in data.values() if isinstance(value, dict) and value.get("userErrors")]
    return data, refused + [field for field, value in data.items() if value is None]


def ran(browser: Browser, title: str) -> None:
    """The example did what it says."""
    _, problems = run_example(browser, title)
    assert problems == [], title


def owed(answer: dict[str, Any], reference: str) -> dict[str, str]:
    """What *What I owe* says about the claim for that order."""
    rows = ((row["claim"]["order"], row) for row in answer["recoveries"]["nodes"])
    # A provider does not see orders of which it carries nothing.
    (recovery,) = (row for order, row in rows if order and order["reference"] == reference)
    return {name: recovery[name]["amount"] for name in ("contingent", "due", "released")}


def test_the_story_runs_every_example() -> None:
    told = {title for _, titles in STORY for title in titles}
    assert told | WATCHED == {example.title for examples in shipped().values() for example in examples}


async def test_every_example_of_every_role_works_on_the_demo(browser: Browser, origin: str, worker_pool: Pool) -> None:
    def story() -> None:
        load(browser, origin)
        answers: dict[tuple[str, str], dict[str, Any]] = {}
        problems: dict[tuple[str, str], list[Any]] = {}
        for role, titles in STORY:
            show(browser, f"{origin}/console?role={role}")
            for title in titles:
                answers[role, title], wrong = run_example(browser, title)
                problems |= {(role, title): wrong} if wrong else {}
        assert problems == {}
        paid = answers["buyer2", "Pay a later order with the coupon"]["redeemCoupon"]
        assert paid["redemption"]["amount"]["amount"] == "10.00"
        assert paid["coupon"]["state"] == "PARTLY_USED"
        before = owed(answers["provider", "What I owe"], "SO-2003")
        assert before == {"contingent": "90.00", "due": "10.00", "released": "0.00"}
        show(browser, f"{origin}/console?role=provider")
        after = owed(run_example(browser, "What I owe")[0], "SO-2003")
        assert after == {"contingent": "0.00", "due": "10.00", "released": "90.00"}
        assert browser.complaints() == []

    await asyncio.to_thread(story)
    found = [*(await books.laws(worker_pool)).values(), *(await books.record(worker_pool)).values()]
    assert [broken for laws in found for law in laws for broken in law.broken] == [], "./run doctor, at the end of it"


async def test_a_watching_buyer_sees_the_provider_own_up(browser: Browser, origin: str) -> None:
    def story() -> None:
        load(browser, origin, "?role=buyer2")
        ran(browser, "What I bought")
        ran(browser, "Claim for the late order")
        open_example(browser, "Watch my claims")
        browser.click(".graphiql-execute-button")
        browser.until("document.querySelector('.graphiql-execute-button').ariaLabel.startsWith('Stop')")
        watching = browser.tab()
        browser.new_tab()
        load(browser, origin, "?role=provider")
        ran(browser, "Claims against me")
        ran(browser, "Own up to the claim")
        browser.close_tab(watching)
        browser.until(f"{RESPONSE}.includes('DECIDED') && {RESPONSE}.includes('GRANTED')")
        browser.click(".graphiql-execute-button", "Stop")
        assert browser.complaints() == []

    await asyncio.to_thread(story)
