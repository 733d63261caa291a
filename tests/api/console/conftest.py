"""One browser for all tests of the console, and the tests' own shop behind it."""

from collections.abc import Iterator

import pytest

from tests.api.console.browser import ABSENT, CHROMEDRIVER, CHROMIUM, Browser, chromium
from tests.api.console.shop import demo_session, serving


@pytest.fixture(scope="session")
def one_browser() -> Iterator[Browser]:
    if CHROMIUM is None or CHROMEDRIVER is None:
        pytest.skip(ABSENT)
    with chromium() as browser:
        yield browser


@pytest.fixture
def browser(one_browser: Browser) -> Browser:
    """The browser on an empty page, with nothing remembered of the test before."""
    one_browser.open("about:blank")
    one_browser.complaints()
    one_browser.requests()
    return one_browser


@pytest.fixture(scope="session")
def shop() -> Iterator[str]:
    with serving(demo_session()) as origin:
        yield origin
