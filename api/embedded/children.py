"""Starting an engine so that it cannot outlive us: dropped privileges first, then a signal for the parent's death."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from api.embedded.account import Account

PR_SET_PDEATHSIG = 1
"""From <linux/prctl.h>; cleared whenever credentials change, hence set last, in the child."""

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def start(
    command: Sequence[str | Path],
    account: Account,
    *,
    dies_by: signal.Signals,
    log: IO[bytes],
    holds: Sequence[int] = (),
    feed: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """`command` runs as `account` in a session of its own and gets `dies_by` when this process ends, however it ends.

    The kernel ties that signal to the *thread* that forked, so only the main thread may start an engine. `holds` are
    descriptors the child keeps open; `feed` is its standard input.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("an engine started from another thread would die with that thread")
    changes_user = account.uid != os.geteuid()
    return subprocess.Popen(
        command,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        stdin=feed,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=holds,
        user=account.uid if changes_user else None,
        group=account.gid if changes_user else None,
        extra_groups=[] if changes_user else None,
        umask=0o077,
        preexec_fn=bound_to_this_process(dies_by),  # noqa: PLW1509 - a bare system call, on the main thread
    )


def bound_to_this_process(dies_by: signal.Signals) -> Callable[[], None] | None:
    """What a child does between fork and exec to get `dies_by` when this thread ends; nothing on macOS."""
    if _libc is None:
        return None
    prctl, parent = _libc.prctl, os.getpid()

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, int(dies_by))
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return bind


def stop(child: subprocess.Popen[bytes], signals: Sequence[signal.Signals], patience_seconds: float) -> None:
    """`child` has ended and is reaped: asked with each of `signals` in turn, killed if it listens to none.

    Whoever interrupts this wants it to end now, not to leave it running: then the next signal is due at once.
    """
    for each in (*signals, signal.SIGKILL):
        try:
            if child.poll() is None:
                child.send_signal(each)
            child.wait(patience_seconds)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue
        return
