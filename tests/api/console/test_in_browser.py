"""The console in a real browser: it works, it stays on its own origin, and it breaks no policy."""

from urllib.parse import urlsplit

import pytest

from api.console import ConsoleSession
from tests.api.console.browser import PATIENCE_S, Browser
from tests.api.console.pages import EDITOR, RESPONSE, TABS, execute, load, open_example
from tests.api.console.shop import NOBODY_WATCHES, serving

OTHERS = ["MyOrders", "Claim", "Redeem", "WhoAmI", "Countdown", "Watch"]
"""The buyer's tabs after the first."""


def asked_elsewhere(browser: Browser, origin: str) -> list[str]:
    return [url for url in browser.requests() if url.startswith("http") and not url.startswith(origin + "/")]


@pytest.fixture
def console(browser: Browser, shop: str) -> Browser:
    load(browser, shop)
    return browser


def test_it_loads_from_its_own_origin_alone_without_a_complaint(console: Browser, shop: str) -> None:
    assert console.run("return document.title") == "Makegood console"
    urls = console.requests()
    assert {urlsplit(url).netloc for url in urls if url.startswith("http")} == {urlsplit(shop).netloc}
    assert any(url.endswith("/graphiql.min.js") for url in urls)
    assert console.complaints() == []


def test_the_tabs_are_the_roles_examples(console: Browser) -> None:
    assert console.run(f"return {TABS}") == ["MyCoupon", *OTHERS]
    assert "# Finds the coupon that the next example redeems." in console.run(f"return {EDITOR}.getValue()")


def test_a_typed_operation_shows_its_answer(console: Browser, shop: str) -> None:
    console.click("button[aria-label='New tab']")
    console.until(f"{EDITOR}.getValue() === ''")
    console.run(f"{EDITOR}.focus()")
    console.type('{ hello(name: "Ada") }')
    console.press_together("control", "enter")
    assert '"hello": "Hello Ada"' in console.until(f"{RESPONSE}.includes('hello') && {RESPONSE}")
    assert asked_elsewhere(console, shop) == []
    assert console.complaints() == []


def test_examples_pass_values_on(console: Browser) -> None:
    open_example(console, "Redeem it")
    assert "couponId is not known yet. Run “My coupon” first" in execute(console, "Not sent")
    open_example(console, "My coupon")
    execute(console, "cpn_1")
    assert console.until("document.querySelector('.examples dl')?.innerText") == "couponId\ncpn_1"
    open_example(console, "Redeem it")
    first = execute(console, "cpn_1 console-")
    assert "birthday" in first
    console.click(".graphiql-execute-button")
    console.until(f"{RESPONSE}.includes('console-') && {RESPONSE} !== arguments[0]", first)


def test_a_value_that_is_gone_is_forgotten(console: Browser) -> None:
    execute(console, "cpn_1")
    console.until("document.querySelector('.examples dl')")
    console.run(f"{EDITOR}.setValue('query MyCoupon {{ __typename }}')")
    execute(console, "__typename")
    console.until("!document.querySelector('.examples dl')")
    open_example(console, "Redeem it")
    assert "couponId is not known yet" in execute(console, "Not sent")


def test_examples_choose_from_lists_and_follow_the_marketplaces_clock(console: Browser) -> None:
    open_example(console, "My orders")
    execute(console, '"3a"')
    open_example(console, "Claim")
    assert "Hello 3a 2 2026-02-27 2026-03-02T12:00:00.000Z" in execute(console, "Hello")


def test_an_example_whose_tab_was_closed_opens_again(console: Browser) -> None:
    console.click("button[aria-label='Close Tab']")
    console.until(f"{EDITOR}.operationName === 'MyOrders'")
    open_example(console, "My coupon")
    assert console.run(f"return {TABS}") == [*OTHERS, "MyCoupon"]
    assert "coupon {" in console.run(f"return {EDITOR}.getValue()")


def test_another_role_sends_another_token_and_has_its_own_tabs(console: Browser) -> None:
    open_example(console, "Who am I?")
    execute(console, "Bearer mg_test_buyer")
    console.run(
        "const role = document.querySelector('#role');role.value = 'supplier'; role.dispatchEvent(new Event('change'))"
    )
    console.until("location.search === '?role=supplier' && document.querySelector('.graphiql-execute-button') !== null")
    assert console.until(f"{TABS}.length && {TABS}") == ["SupplierWho"]
    execute(console, "Bearer mg_test_supplier")
    assert console.run("return document.querySelector('#role').value") == "supplier"
    assert console.complaints() == []


def test_tabs_survive_a_reload_and_reset_puts_them_back(console: Browser, shop: str) -> None:
    open_example(console, "Who am I?")
    console.run(f"{EDITOR}.setValue('query WhoAmI {{ authorization }} # mine')")
    stored = "Object.entries(sessionStorage).some(([key, value]) => key.endsWith('tabState') && value.includes('mine'))"
    console.until(stored)
    console.open(f"{shop}/console")
    console.until(f"{EDITOR}?.getValue().endsWith('# mine')")
    assert console.run(f"return {TABS}") == ["MyCoupon", *OTHERS]
    console.click("#reset")
    console.until(f"document.querySelector('.CodeMirror') && {EDITOR}.getValue().startsWith('# My coupon')")
    assert not console.run(f"return {stored}")


def test_a_subscription_shows_events_until_the_server_ends_it(console: Browser) -> None:
    open_example(console, "A countdown")
    execute(console, '"countdown": 1')
    console.until("document.querySelector('.graphiql-execute-button').ariaLabel.startsWith('Execute')")
    assert console.complaints() == []


def test_stopping_a_subscription_closes_its_connection(console: Browser) -> None:
    NOBODY_WATCHES.clear()
    open_example(console, "Watch")
    execute(console, '"watch": 1')
    assert not NOBODY_WATCHES.is_set()
    console.click(".graphiql-execute-button", "Stop")
    assert NOBODY_WATCHES.wait(PATIENCE_S)
    assert console.complaints() == []


def test_the_explorer_opens_and_builds_a_query(console: Browser) -> None:
    console.click("button[aria-label='Show GraphiQL Explorer']")
    console.click(".graphiql-explorer-root .graphiql-explorer-hello span")
    console.until(f"{EDITOR}.getValue().includes('hello')")
    assert console.complaints() == []


def test_dialogs_and_descriptions_obey_the_policy(console: Browser) -> None:
    console.click("button[aria-label='Open settings dialog']")
    console.until("document.querySelector('.graphiql-dialog')")
    console.click(".graphiql-dialog button", "Dark")
    console.until("document.body.classList.contains('graphiql-dark')")
    console.click(".graphiql-dialog-close")
    console.click("button[aria-label='Show Documentation Explorer']")
    console.click(".graphiql-doc-explorer a", "Query")
    console.until("document.querySelector('.graphiql-doc-explorer')?.innerText.includes('markdown')")
    assert console.complaints() == []


def test_the_policy_is_really_in_force(console: Browser) -> None:
    console.run(
        "document.head.append(Object.assign(document.createElement('style'), {textContent: 'p {color: red}'}));"
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = true'}));"
        "new Image().src = 'http://127.0.0.1:9/pixel.png';"
    )
    complaints = " ".join(console.complaints())
    assert all(directive in complaints for directive in ("style-src", "script-src", "img-src"))
    assert console.run("return window.ran === undefined")


def test_without_a_demo_the_person_brings_a_token(browser: Browser) -> None:
    with serving(ConsoleSession()) as origin:
        browser.open(f"{origin}/console")
        browser.until("document.querySelector('#notice').innerText.startsWith('Paste an API key')")
        browser.run("document.querySelector('#token').focus()")
        browser.type("mg_live_mine")
        browser.press_together("enter")
        browser.until("document.querySelector('#notice')?.innerText === '' && document.querySelector('.examples')")
        browser.click(".graphiql-tab-button", "WhoAmI")
        execute(browser, "Bearer mg_live_mine")
        assert browser.complaints() == []
