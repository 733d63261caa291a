"""Who the engines run as: the caller, or `nobody` where the caller is root (Postgres refuses root, and rightly)."""

from __future__ import annotations

import dataclasses
import os
import pwd
import stat
from pathlib import Path

from api.settings import Unusable

UNPRIVILEGED = "nobody"


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine, by numbers."""

    uid: int
    gid: int

    def owns(self, path: Path) -> None:
        """`path` belongs to this account. Call only on what we made ourselves, never on a hard link."""
        if path.stat().st_uid != self.uid:
            os.chown(path, self.uid, self.gid)

    def reaches(self, folder: Path) -> bool:
        """True if this account may pass through `folder` and every folder above it."""
        return all(self._enters(place) for place in (folder, *folder.parents))

    def _enters(self, folder: Path) -> bool:
        facts = folder.stat()
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & stat.S_IXUSR)
        if facts.st_gid == self.gid:
            return bool(facts.st_mode & stat.S_IXGRP)
        return bool(facts.st_mode & stat.S_IXOTH)


def of_engines() -> Account:
    """The account the engines run as on this machine, for this caller."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError as error:
        raise Unusable(
            f"The embedded engines do not run as root, and there is no user {UNPRIVILEGED!r} to run them as."
        ) from error
    return Account(entry.pw_uid, entry.pw_gid)
