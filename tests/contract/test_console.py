"""The console's files are what they claim to be, and its answers allow a page no more than it needs."""

import hashlib
import http.client
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.console import ENDPOINT, LABELS, VENDOR, ConsoleSession, edition, session_of
from api.console.examples import read_examples, shipped
from api.settings import from_environment
from tests.api.console.shop import serving

CHECKSUMS = VENDOR / "CHECKSUMS"
FOREIGN_ADDRESS = re.compile(r"""(?:src|href)=["']?(?:https?:)?//|url\(["']?(?:https?:)?//|@import""")


def vendored() -> dict[str, str]:
    lines = (line.split("  ", 1) for line in CHECKSUMS.read_text("utf-8").splitlines())
    return {name: digest for digest, name in lines}


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    """Asks one origin, sending the path as it is written."""

    origin: str

    def ask(self, method: str, path: str) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.origin).netloc, timeout=10)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)


@pytest.fixture(scope="module")
def closed() -> Iterator[Client]:
    """The console of a marketplace that is no demo."""
    with serving(ConsoleSession(), shipped) as origin:
        yield Client(origin)


def assets(console: Client) -> list[str]:
    return re.findall(r'(?:src|href)="(/console/assets/[^"]+)"', console.get("/console").text)


def test_every_vendored_file_is_listed_and_is_what_was_released() -> None:
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path != CHECKSUMS
    }
    assert found == vendored()


def test_every_vendored_package_brings_its_licence() -> None:
    packages = [path for path in VENDOR.iterdir() if path.is_dir()]
    assert {path.name for path in packages} == {
        "graphiql-4.1.2",
        "graphiql-plugin-explorer-4.0.6",
        "react-18.3.1",
        "react-dom-18.3.1",
    }
    assert all("MIT License" in (path / "LICENSE").read_text("utf-8") for path in packages)
    bundled = (VENDOR / "BUNDLED-LICENCES.txt").read_text("utf-8")
    for part in ("codemirror", "graphql", "framer-motion", "tslib", "entities", "Fira Code", "Roboto"):
        assert part in bundled


@pytest.mark.parametrize("name", ["index.html", "console.css", "icon.svg"])
def test_our_own_files_name_no_other_origin(name: str) -> None:
    text = (Path(VENDOR).parent / name).read_text("utf-8")
    assert FOREIGN_ADDRESS.search(text) is None


def test_the_vendored_style_sheets_load_nothing() -> None:
    for sheet in VENDOR.rglob("*.css"):
        addresses = re.findall(r"url\(([^)]{0,40})", sheet.read_text("utf-8"))
        assert all(address.strip("\"'").startswith("data:") for address in addresses)


def test_the_page_runs_only_what_its_origin_serves(closed: Client) -> None:
    answer = closed.get("/console")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    nonce = policy.pop("style-src").removeprefix("'self' 'nonce-").removesuffix("'")
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert len(nonce) >= 22, "128 random bits"
    assert f'nonce="{nonce}"' in answer.text
    assert re.findall(r"<style|<script(?![^>]* src=)|\son\w+=|\sstyle=", answer.text) == []


def test_no_two_pages_share_a_nonce(closed: Client) -> None:
    policies = {closed.get("/console").headers["content-security-policy"] for _ in range(5)}
    assert len(policies) == 5


def test_every_answer_is_hardened(closed: Client) -> None:
    for address in ("/console", "/console/session.json", "/console/assets/x/y.js", *assets(closed)):
        headers = closed.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_assets_are_kept_for_good_and_pages_never(closed: Client) -> None:
    addresses = assets(closed)
    assert len(addresses) >= 8
    for address in addresses:
        answer = closed.get(address)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].split(";")[0] in {"text/javascript", "text/css", "image/svg+xml"}
    for address in ("/console", "/console/session.json"):
        assert closed.get(address).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "address",
    [
        "/console/assets/0000000000000000/console.js",
        f"/console/assets/{edition()}/__init__.py",
        f"/console/assets/{edition()}/index.html",
        f"/console/assets/{edition()}/CHECKSUMS",
        f"/console/assets/{edition()}/..%2f__init__.py",
        f"/console/assets/{edition()}/examples/buyer.graphql",
    ],
)
def test_nothing_but_assets_of_this_edition_is_served(closed: Client, address: str) -> None:
    assert closed.get(address).status == 404


def test_the_console_is_only_read(closed: Client) -> None:
    assert closed.ask("POST", "/console").status == 405
    assert closed.ask("HEAD", "/console").status == 200


def test_outside_a_demo_no_token_is_given_away(closed: Client) -> None:
    start = closed.get("/console/session.json").json()
    assert start["demo"] is False
    assert [role["name"] for role in start["roles"]] == list(LABELS)
    assert all(role["token"] is None for role in start["roles"])


def test_a_demo_offers_each_token_with_its_parts_examples() -> None:
    tokens = {"admin": "t5", "buyer2": "t2", "buyer": "t1", "machine": "t9"}
    with serving(ConsoleSession.of_demo(tokens, {"orderId": "ord_1"}), shipped) as origin:
        start = Client(origin).get("/console/session.json").json()
    assert start["demo"] is True
    assert start["url"] == ENDPOINT
    assert start["values"] == {"orderId": "ord_1"}
    assert [(role["name"], role["label"], role["token"]) for role in start["roles"]] == [
        ("buyer2", "Buyer 2", "t2"),
        ("buyer", "Buyer", "t1"),
        ("admin", "Administrator", "t5"),
    ]
    names = [[example["name"] for example in role["examples"]] for role in start["roles"]]
    assert names[0] == names[1] == [example.name for example in shipped()["buyer"]]


def test_only_a_demo_that_was_loaded_has_tokens(tmp_path: Path) -> None:
    demo = from_environment({"MAKEGOOD_STATE": str(tmp_path)})
    assert session_of(demo) == ConsoleSession()
    (tmp_path / "demo.json").write_text('{"url": "…", "tokens": {"buyer": "t1"}, "values": {"orderId": "ord_1"}}')
    assert session_of(demo) == ConsoleSession.of_demo({"buyer": "t1"}, {"orderId": "ord_1"})
    assert session_of(replace(demo, demo=False)) == ConsoleSession()


def test_every_part_has_examples_that_can_be_told_apart() -> None:
    assert shipped().keys() == LABELS.keys()
    for part, examples in shipped().items():
        assert examples, part
        assert all(example.about for example in examples), part
        assert len({example.title for example in examples}) == len(examples), part


def test_an_example_says_what_it_shows_takes_and_keeps() -> None:
    (example,) = read_examples("""
        # Pay it back
        # Shows that money
        # comes back.
        # keep entryId = refund.entry.id
        # with {"id": "{{orderId}}",
        #       "first": 2}
        mutation PayBack($id: ID!, $first: Int!) { refund(id: $id, first: $first) { entry { id } } }
    """)
    assert (example.name, example.title, example.about) == (
        "PayBack",
        "Pay it back",
        "Shows that money comes back.",
    )
    assert example.keeps == {"entryId": "refund.entry.id"}
    assert json.loads(example.variables) == {"id": "{{orderId}}", "first": 2}
    assert example.query.startswith("# Pay it back\n# Shows that money comes back.\nmutation PayBack(")


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("# Title\n{ a }", "named operations only"),
        ("# Title\nfragment F on T { a }", "named operations only"),
        ("query A { a }", "must say what it shows"),
        ("# One\nquery A { a }\n# Two\nquery A { b }", "two examples"),
        ('# One\n# with {"a": }\nquery A { a }', "not JSON"),
    ],
)
def test_a_careless_example_is_refused(text: str, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        read_examples(text)
