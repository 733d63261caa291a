"""A headless Chromium for tests, driven through ChromeDriver's W3C HTTP interface with the standard library.

It starts with nothing of its own to fetch from the internet, and it remembers every request and every message of the
console, so that a test can say that a page stayed on its origin and broke no policy.
"""

import base64
import http.client
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

CHROMIUM: Final = shutil.which("chromium")
CHROMEDRIVER: Final = shutil.which("chromedriver")
ABSENT: Final = "Chromium and ChromeDriver are not installed (Debian: apt-get install chromium chromium-driver)"

QUIET: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1500,950",
)
PATIENCE_S: Final = 60
KEYS: Final = {"control": "\ue009", "enter": "\ue007"}


class Browser:
    """One browser with one page."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._session = ""

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body or {}) if method == "POST" else None)
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise AssertionError(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def _tell(self, command: str, **body: Any) -> Any:
        return self._ask("POST", f"{self._session}/{command}", body)

    def start(self, profile: Path) -> None:
        """The browser runs afterwards, with a fresh profile in that folder."""
        options = {
            "binary": CHROMIUM,
            "args": [*QUIET, f"--user-data-dir={profile}"],
            "perfLoggingPrefs": {"enableNetwork": True, "enablePage": False},
        }
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{answer['sessionId']}"

    def quit(self) -> None:
        """No process of the browser is left."""
        self._ask("DELETE", self._session)

    def open(self, url: str) -> None:
        """The page at this address is loaded."""
        self._tell("url", url=url)

    def tab(self) -> str:
        """The handle of the tab in front."""
        handle: str = self._ask("GET", f"{self._session}/window")
        return handle

    def new_tab(self) -> str:
        """A new tab, with a session storage of its own, is in front; gives its handle."""
        handle: str = self._tell("window/new", type="tab")["handle"]
        self.show_tab(handle)
        return handle

    def show_tab(self, handle: str) -> None:
        """That tab is in front; the others go on behind it."""
        self._tell("window", handle=handle)

    def close_tab(self, shows: str) -> None:
        """The tab in front is closed and the one with the handle `shows` is in front."""
        self._ask("DELETE", f"{self._session}/window")
        self.show_tab(shows)

    def run(self, script: str, *arguments: Any) -> Any:
        """What this JavaScript function body returns; it may return a promise."""
        return self._tell("execute/sync", script=script, args=list(arguments))

    def until(self, script: str, *arguments: Any) -> Any:
        """The first truthy value of this JavaScript expression; fails with what the page shows if none comes."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            value = self.run(f"return {script}", *arguments)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"never came true: {script}\nthe page shows: {self.run('return document.body.innerText')}")

    def click(self, selector: str, text: str = "") -> None:
        """The first visible element of this CSS selector whose text or label begins with `text` was clicked."""
        self.until(
            """[...document.querySelectorAll(arguments[0])].some((element) => {
                const label = element.innerText || element.getAttribute('aria-label') || '';
                if (!label.trim().startsWith(arguments[1]) || element.offsetParent === null) return false;
                element.click();
                return true;
            })""",
            selector,
            text,
        )

    def type(self, text: str) -> None:
        """The focused element got these keys, one after the other."""
        pressed = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._tell("actions", actions=[{"type": "key", "id": "keyboard", "actions": pressed}])

    def press_together(self, *names: str) -> None:
        """The focused element got these named keys as one chord."""
        keys = [KEYS[name] for name in names]
        down = [{"type": "keyDown", "value": key} for key in keys]
        up = [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self._tell("actions", actions=[{"type": "key", "id": "keyboard", "actions": down + up}])

    def screenshot(self, path: Path) -> None:
        """A PNG of the page lies at `path`."""
        path.write_bytes(base64.b64decode(self._ask("GET", f"{self._session}/screenshot")))

    def complaints(self) -> list[str]:
        """Errors in the browser's console since the last call; a broken policy is one, and so is a failed request."""
        entries = self._tell("se/log", type="browser")
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def requests(self) -> list[str]:
        """Addresses the browser asked for since the last call, in order, without data: and blob: ones."""
        events = (json.loads(entry["message"])["message"] for entry in self._tell("se/log", type="performance"))
        sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [p["request"]["url"] for p in sent if not p["request"]["url"].startswith(("data:", "blob:"))]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser, gone with its profile at the end."""
    assert CHROMEDRIVER is not None, ABSENT
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        subprocess.Popen([CHROMEDRIVER, "--port=0"], stdout=subprocess.PIPE, text=True) as driver,
    ):
        try:
            assert driver.stdout is not None
            said = next(line for line in driver.stdout if "successfully on port" in line)
            port = re.search(r"on port (\d+)", said)
            assert port is not None, said
            browser = Browser(int(port[1]))
            browser.start(Path(profile))
            try:
                yield browser
            finally:
                browser.quit()
        finally:
            driver.terminate()
