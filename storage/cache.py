"""The one way to Valkey (or Redis): buckets of budget, fan-out, short caches. Never a source of truth.

Law: what is lost with it costs speed, not data, and fails no mutation. So its commands are never retried here and never
waited for long: whoever asks has an answer of their own for when it is gone.
"""

from typing import Final

import redis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import RedisError

PATIENCE_SECONDS: Final = 2.0
"""How long a command or a connection may take before it counts as lost."""

CONNECTIONS_MAX: Final = 16
"""Of one process. Whoever finds none free waits its turn, no longer than PATIENCE_SECONDS."""

LOST: Final = (RedisError, OSError, TimeoutError)
"""What a command raises when Valkey is away or slow."""


def open_cache(url: str) -> "Redis":
    """A client of the server at `url` (redis://, rediss:// or unix://). Connects at the first command, not before."""
    pool = BlockingConnectionPool.from_url(
        url,
        timeout=PATIENCE_SECONDS,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
        max_connections=CONNECTIONS_MAX,
        driver_info=DriverInfo(lib_version=redis.__version__),  # otherwise looked up among all that is installed
    )
    return Redis.from_pool(pool)
