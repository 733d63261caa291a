"""The console: GraphiQL in the browser, served from our own origin and complete without any other.

The browser builds under `vendor/` are byte for byte what their authors released; `vendor/CHECKSUMS` says so and a test
verifies it. The page holds no secret and needs no permission; what it may read is decided by the token it sends. Only a
demo marketplace gives tokens away (`/console/session.json`); everywhere else a person pastes their own.
See infra/decisions/0010-console.md.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from api.console.examples import Example, shipped
from api.settings import Settings

HERE = Path(__file__).parent
VENDOR = HERE / "vendor"
ENDPOINT = "/graphql"

DEMO_RECORD = "demo.json"
"""In the state folder, written when the demo marketplace is loaded: tokens by role, and values for the examples."""

LABELS = {
    "buyer": "Buyer",
    "supplier": "Supplier",
    "provider": "Service provider",
    "operator": "Operator",
    "admin": "Administrator",
}
"""The parts people play in the demo, in the order the console offers them. Each has a file in `examples/`."""

MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

HARDENED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Sent with every answer of the console."""


@dataclass(frozen=True, slots=True)
class ConsoleRole:
    """Somebody the console can act as. `part` names the examples they get; the token is absent outside a demo."""

    name: str
    label: str
    part: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """What the console starts with. Without demo tokens: every part's examples, and a field for the person's own."""

    roles: tuple[ConsoleRole, ...] = tuple(ConsoleRole(part, label, part) for part, label in LABELS.items())
    values: Mapping[str, str] = field(default_factory=dict)
    """Name → value for the `{{name}}` marks of the examples, such as the id of an order worth looking at."""

    @property
    def is_demo(self) -> bool:
        """True when every role comes with a token."""
        return all(role.token for role in self.roles)

    @classmethod
    def of_demo(cls, tokens: Mapping[str, str], values: Mapping[str, str] | None = None) -> "ConsoleSession":
        """The session of a demo marketplace with these tokens by name (buyer, buyer2, supplier, …).

        A name's part is the name without its number; names whose part has no examples are left out. Parts come in the
        order of `LABELS`.
        """
        order = list(LABELS)
        named = [(name, name.rstrip("0123456789"), token) for name, token in tokens.items()]
        offered = sorted((entry for entry in named if entry[1] in LABELS), key=lambda entry: order.index(entry[1]))
        roles = tuple(
            ConsoleRole(name, f"{LABELS[part]} {name.removeprefix(part)}".strip(), part, token)
            for name, part, token in offered
        )
        return cls(roles=roles, values=values or {})


def session_of(settings: Settings) -> ConsoleSession:
    """What the console of a platform with these settings starts with: the demo's tokens and values, or nobody's.

    The demo's record is read anew each time; a demo that is not loaded yet has no tokens.
    """
    record = settings.state_dir / DEMO_RECORD
    if not settings.demo or not record.exists():
        return ConsoleSession()
    demo = orjson.loads(record.read_bytes())
    return ConsoleSession.of_demo(demo["tokens"], demo.get("values"))


def routes(
    session: Callable[[], ConsoleSession], examples: Callable[[], Mapping[str, Sequence[Example]]] = shipped
) -> list[BaseRoute]:
    """The console's routes. `session` is asked at each page load, so that a fresh demo needs no restart.

    `examples` gives each part's example operations; those beside this module fit our own schema.
    """

    async def start(_request: Request) -> Response:
        body = _session_json(session(), examples())
        return Response(body, media_type="application/json", headers=_locked("no-store"))

    return [
        Route("/console", _page),
        Route("/console/session.json", start),
        Route("/console/assets/{edition}/{name}", _asset),
    ]


def content_security_policy(nonce: str) -> str:
    """What the page may do: run and load what our own origin serves, talk to it, and nothing else.

    The nonce admits style elements that GraphiQL's dialogs make; scripts get none of it. Fonts and a few small
    pictures lie in GraphiQL's style sheet as data.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "font-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


@cache
def _assets() -> Mapping[str, Path]:
    """Name → file of everything the page loads. A name outside this table is not served."""
    files: Sequence[Path] = sorted((*HERE.glob("*.*"), *VENDOR.glob("*/*")))
    return {path.name: path for path in files if path.suffix in MEDIA_TYPES}


@cache
def edition() -> str:
    """A digest of all assets and examples: part of each asset's address, so that addresses never change content."""
    files = [*_assets().values(), *sorted((HERE / "examples").glob("*.graphql"))]
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).hexdigest()[:16]


@cache
def _template() -> str:
    return (HERE / "index.html").read_text("utf-8").replace("{assets}", f"/console/assets/{edition()}")


async def _page(_request: Request) -> Response:
    nonce = secrets.token_urlsafe(16)
    headers = {**HARDENED, "Content-Security-Policy": content_security_policy(nonce), "Cache-Control": "no-store"}
    return HTMLResponse(_template().replace("{nonce}", nonce), headers=headers)


async def _asset(request: Request) -> Response:
    path = _assets().get(request.path_params["name"])
    if path is None or request.path_params["edition"] != edition():
        return PlainTextResponse("Not found", status_code=404, headers=_locked("no-store"))
    headers = _locked("public, max-age=31536000, immutable")
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=headers)


def _locked(caching: str) -> dict[str, str]:
    """Headers of what is not a page: it may do nothing at all when opened by itself."""
    return {**HARDENED, "Content-Security-Policy": "default-src 'none'", "Cache-Control": caching}


def _session_json(session: ConsoleSession, examples: Mapping[str, Sequence[Example]]) -> bytes:
    roles: list[dict[str, Any]] = [
        {**asdict(role), "examples": [asdict(example) for example in examples.get(role.part, ())]}
        for role in session.roles
    ]
    start = {
        "url": ENDPOINT,
        "edition": edition(),
        "demo": session.is_demo,
        "values": dict(session.values),
        "roles": roles,
    }
    return orjson.dumps(start)
