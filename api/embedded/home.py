"""The folders of one state: what is recorded, what the engines write, where their sockets are; and who supervises it.

    <state>/owner.lock      held by the process that supervises the engines
    <state>/engines.lock    held by the engines themselves, for as long as one of them lives
    <state>/engines.json    process ids and socket folder, once both answer
    <state>/passwords.json  of the three database roles
    <state>/home            the path of the folder below, where it does not lie inside the state
    <home>/postgres         the database
    <home>/sockets          closed to everyone else

Root's engines run as `nobody`; a state folder that `nobody` cannot reach gets its home under /var/tmp instead.
"""

from __future__ import annotations

import dataclasses
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from api.embedded.account import Account
from api.settings import Unusable

ELSEWHERE = Path("/var/tmp")  # noqa: S108 - survives a restart, unlike /tmp; what we make there is 0700 and of a random name
HOME_PREFIX = "makegood-"
SOCKET_PATH_BYTES_MAX = 80
"""Of the folder; the kernel allows 104 (macOS) to 108 bytes for folder and socket name together."""


@dataclasses.dataclass(frozen=True, slots=True)
class Home:
    """One state's folders and the account that works in them."""

    state: Path
    folder: Path
    account: Account

    @property
    def database(self) -> Path:
        """Postgres's data folder."""
        return self.folder / "postgres"

    @property
    def passwords(self) -> Path:
        """Of the three roles, as JSON; for the caller's eyes only."""
        return self.state / "passwords.json"

    @property
    def facts(self) -> Path:
        """What the supervisor tells those who attach, as JSON; present while both engines answer."""
        return self.state / "engines.json"

    def log(self, name: str) -> Path:
        """Where the engine of that name writes what it has to say; begun anew at each start."""
        return self.state / f"{name}.log"

    def make(self, name: str) -> Path:
        """An empty folder of the engines' account, 0700, inside the home; what was there is gone."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        self.account.owns(folder)
        return folder

    def make_sockets(self) -> Path:
        """A fresh folder for the sockets: in the home, or a temporary one where that path is too long for a socket."""
        if len(os.fsencode(self.folder / "sockets")) <= SOCKET_PATH_BYTES_MAX:
            return self.make("sockets")
        folder = Path(tempfile.mkdtemp(prefix=HOME_PREFIX))
        self.account.owns(folder)
        return folder


class Lock:
    """A lock file: whoever has it locked is alive, since the kernel lets go of it when the last holder ends."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self) -> bool:
        """True if it is ours now; False if somebody else has it."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Our hold on it is gone; a child that was handed the descriptor keeps its own."""
        os.close(self.descriptor)


def settle(state: Path, account: Account) -> Home:
    """The home of `state`, with its folders made where they are missing.

    Raises:
        Unusable: the state is not a folder, or not ours to write.
    """
    try:
        state.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        if not os.access(state, os.R_OK | os.W_OK | os.X_OK):
            raise Unusable(f"The state folder {state} belongs to somebody else; name another in MAKEGOOD_STATE.")
        return Home(state, _home_folder(state, account), account)
    except (FileExistsError, NotADirectoryError) as error:
        raise Unusable(f"The state folder {state} is not a folder.") from error


def discard(home: Home) -> None:
    """The state and its home are gone."""
    if home.folder.parent == ELSEWHERE:
        shutil.rmtree(home.folder)
    shutil.rmtree(home.state)


def _home_folder(state: Path, account: Account) -> Path:
    """Inside the state where the account reaches it, else under /var/tmp, as recorded in the state."""
    if account.reaches(state):
        folder = state / "engines"
        folder.mkdir(mode=0o700, exist_ok=True)
    else:
        record = state / "home"
        folder = Path(record.read_text(encoding="utf-8")) if record.exists() else Path()
        if not _is_home_of(state, folder, account):
            _remove_forgotten(state, account)
            folder = Path(tempfile.mkdtemp(prefix=HOME_PREFIX, dir=ELSEWHERE))
            (folder / "state").write_text(str(state), encoding="utf-8")
            record.write_text(str(folder), encoding="utf-8")
    account.owns(folder)
    return folder


def _is_home_of(state: Path, folder: Path, account: Account) -> bool:
    """True if `folder` under /var/tmp is one we made for this state, and nobody else's trap."""
    if folder.parent != ELSEWHERE or not folder.name.startswith(HOME_PREFIX) or folder.is_symlink():
        return False
    try:
        if folder.stat().st_uid not in (account.uid, os.geteuid()):
            return False
        return (folder / "state").read_text(encoding="utf-8") == str(state)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _remove_forgotten(state: Path, account: Account) -> None:
    """Homes of an earlier state of this name, deleted by hand, do not pile up under /var/tmp."""
    for folder in ELSEWHERE.glob(HOME_PREFIX + "*"):
        if _is_home_of(state, folder, account):
            shutil.rmtree(folder)
