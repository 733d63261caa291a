"""uvicorn's HTTP protocol with an end to waiting: headers within 10 s, a body within 30 s, and not too many headers.

A file that is PUT may take longer, as long as it goes on: 30 s of silence end it, and 7 minutes in any case.

uvicorn itself waits for ever. The timers cost nothing where a request arrives in one piece, as nearly all do: they are
looked at only after a piece of data did not complete what it began.
"""

from asyncio import TimerHandle
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_SECONDS: Final = 10.0
BODY_SECONDS: Final = 30.0

FILE_SECONDS: Final = 420.0
"""The largest file, 25 MB, at 60 kB a second."""

HEADER_BYTES_MAX: Final = 64_000
"""Browsers send a few kilobytes at most."""

TIMED_OUT: Final = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Phase(Enum):
    """What a connection is waiting for."""

    NOTHING = 0
    HEADERS = 1
    BODY = 2
    FILE = 3


class TimedHttpProtocol(HttpToolsProtocol):
    """A connection that is closed when its client is too slow. `patience` says after how many seconds, by phase.

    In a file, that of a body is for silence, and its own for the whole.
    """

    patience: Mapping[Phase, float] = MappingProxyType(
        {Phase.HEADERS: HEADERS_SECONDS, Phase.BODY: BODY_SECONDS, Phase.FILE: FILE_SECONDS}
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._phase = Phase.NOTHING
        self._timed = Phase.NOTHING
        self._timer: TimerHandle | None = None
        self._header_bytes = 0
        self._began = 0.0
        self._heard = 0.0

    def connection_made(self, transport: Any) -> None:
        """A new connection has to send its headers in time, from the first instant."""
        super().connection_made(transport)
        self._phase = Phase.HEADERS
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Takes what came; if it did not complete a request, the rest is waited for, but not for ever."""
        super().data_received(data)
        if self._phase is Phase.HEADERS:
            self._header_bytes += len(data)
            if self._header_bytes > HEADER_BYTES_MAX:
                self._give_up(TOO_LARGE)
                return
        if self._phase is Phase.FILE:
            self._heard = self.loop.time()
        if self._phase is not self._timed:
            self._watch()

    def on_message_begin(self) -> None:
        """Called by the parser at the first byte of a request."""
        super().on_message_begin()
        self._phase = Phase.HEADERS
        self._header_bytes = 0

    def on_headers_complete(self) -> None:
        """Called by the parser after the last header."""
        super().on_headers_complete()
        self._phase = Phase.FILE if self.scope["method"] == "PUT" else Phase.BODY

    def on_message_complete(self) -> None:
        """Called by the parser after the last byte of a request."""
        super().on_message_complete()
        self._phase = Phase.NOTHING

    def handle_websocket_upgrade(self) -> None:
        """The connection is a socket now, which has a timer of its own."""
        self._phase = Phase.NOTHING
        self._watch()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._phase = Phase.NOTHING
        self._watch()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """The timer runs for the phase that the connection is in, and for no other."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timed = self._phase
        if self._phase is Phase.FILE:
            self._began = self._heard = self.loop.time()
            self._listen()
        elif self._phase is not Phase.NOTHING:
            self._timer = self.loop.call_later(self.patience[self._phase], self._give_up, TIMED_OUT)

    def _listen(self) -> None:
        """Waits for the rest of a file, from the last that was heard of it; gives up when that is too long ago."""
        ends = min(self._heard + self.patience[Phase.BODY], self._began + self.patience[Phase.FILE])
        if self.loop.time() >= ends:
            self._give_up(TIMED_OUT)
        else:
            self._timer = self.loop.call_at(ends, self._listen)

    def _give_up(self, farewell: bytes) -> None:
        """Says why, unless an answer is already under way, and closes."""
        if not self.transport.is_closing():
            if self._phase is Phase.HEADERS:
                self.transport.write(farewell)
            self.transport.close()
