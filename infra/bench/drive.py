"""A load on one address of this machine: keep-alive sockets, each sending its next request when it has an answer.

Runs in a process of its own, on the other core. Every answer is looked at: one that is not what was asked for ends the
run, so that nothing fast but wrong is ever measured. Bounded in count and time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CONNECTIONS = 16
SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What a load saw: how many answers, in how many seconds, and each one's seconds in ascending order."""

    requests: int
    seconds: float
    latencies: tuple[float, ...]

    def percentile(self, share: float) -> float:
        """The latency in milliseconds that `share` of the requests did not exceed."""
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))] * 1000

    def __add__(self, other: Ran) -> Ran:
        """What both saw, one after the other."""
        latencies = tuple(sorted(self.latencies + other.latencies))
        return Ran(self.requests + other.requests, self.seconds + other.seconds, latencies)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: its body, its token, and a piece of text that a right answer holds."""

    body: bytes
    token: str
    expect: bytes


def packets(port: int, wanted: Sequence[Sent]) -> list[tuple[bytes, bytes]]:
    """The requests as bytes for a socket, each with what its answer must hold."""
    return [
        (
            b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncontent-type: application/json\r\n"
            b"accept: application/graphql-response+json\r\nauthorization: Bearer %s\r\ncontent-length: %d\r\n\r\n%s"
            % (port, one.token.encode(), len(one.body), one.body),
            one.expect,
        )
        for one in wanted
    ]


async def drive(port: int, wanted: Iterator[tuple[bytes, bytes]], requests: int, connections: int = CONNECTIONS) -> Ran:
    """The load, until `requests` answers came or the time is over. An unexpected answer is a RuntimeError."""
    latencies: list[float] = []
    left = iter(range(requests))
    begun = time.perf_counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for _ in left:
                if time.perf_counter() - begun > SECONDS_MAX:
                    return
                packet, expect = next(wanted)
                sent = time.perf_counter()
                writer.write(packet)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                body = await reader.readexactly(length)
                latencies.append(time.perf_counter() - sent)
                if not head.startswith(b"HTTP/1.1 200") or expect not in body:
                    raise RuntimeError(f"an unexpected answer: {head[:60]!r} {body[:400]!r}")
        finally:
            writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return Ran(len(latencies), time.perf_counter() - begun, tuple(sorted(latencies)))
