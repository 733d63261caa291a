"""The public key of certificates as a JSON Web Key Set, for everybody: `GET /.well-known/jwks.json`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from storage.certificates import jwk, signing_key

PATH: Final = "/.well-known/jwks.json"
HEADERS: Final = {"cache-control": "public, max-age=3600", "access-control-allow-origin": "*"}


def routes() -> list[BaseRoute]:
    """The route of one process."""

    async def keys(_request: Request) -> Response:
        return JSONResponse({"keys": [jwk(signing_key())]}, headers=HEADERS)

    return [Route(PATH, keys)]
