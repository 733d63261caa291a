"""What tests see and do on the console's page."""

from tests.api.console.browser import Browser

TABS = "[...document.querySelectorAll('.graphiql-tab-button')].map((tab) => tab.innerText)"
RESPONSE = "document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue()"
EDITOR = "document.querySelector('.graphiql-query-editor .CodeMirror')?.CodeMirror"


def load(browser: Browser, origin: str, query: str = "") -> None:
    """The console is loaded with the tabs it starts with, and it has read the schema."""
    # Cleared from a page that writes nothing itself: a console being left may still store its tabs.
    browser.open(f"{origin}/console/session.json")
    browser.run("sessionStorage.clear()")
    show(browser, f"{origin}/console{query}")


def show(browser: Browser, address: str) -> None:
    """The console is loaded and has read the schema; tabs and values of earlier pages are still there."""
    browser.open(address)
    browser.until(f"document.querySelector('.CodeMirror') && Boolean({EDITOR}.options.lint?.schema)")


def open_example(browser: Browser, title: str) -> None:
    """The example's tab is in front."""
    browser.click(".examples button", title)
    browser.until("document.querySelector('.examples [aria-current=true] strong')?.innerText === arguments[0]", title)


def execute(browser: Browser, shows: str) -> str:
    """Runs the tab in front; gives the answer once it holds `shows`."""
    browser.click(".graphiql-execute-button")
    answer: str = browser.until(f"{RESPONSE}.includes(arguments[0]) && {RESPONSE}", shows)
    return answer
