"""What a server holds lies in large pages where the system lends them, and reads as before."""

import subprocess
import sys
from pathlib import Path

import pytest

from api import large_pages
from api.settings import ROOT

HOLDS = """
from pathlib import Path
from api import large_pages
held = [bytes([number % 256]) * 1_000 for number in range(20_000)]
moved = large_pages.move_in()
lines = Path("/proc/self/smaps").read_text().splitlines()
large = sum(int(line.split()[1]) << 10 for line in lines if line.startswith("AnonHugePages"))
print(moved, large, all(set(each) == {number % 256} for number, each in enumerate(held)))
"""


def lent() -> bool:
    return large_pages.LENT.exists() and "[never]" not in large_pages.LENT.read_text(encoding="ascii")


@pytest.mark.skipif(not lent(), reason="this system lends no large pages")
def test_objects_move_into_large_pages_and_read_as_before() -> None:
    done = subprocess.run([sys.executable, "-c", HOLDS], cwd=ROOT, capture_output=True, text=True, check=True)
    moved, large, same = done.stdout.split()
    assert int(moved) % large_pages.PAGE == 0
    assert int(large) >= int(moved)
    assert same == "True"


@pytest.mark.parametrize("says", [None, "always madvise [never]\n"])
def test_a_system_that_lends_none_is_not_asked(
    says: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lends = tmp_path / "enabled"
    if says is not None:
        lends.write_text(says, encoding="ascii")
    monkeypatch.setattr(large_pages, "LENT", lends)
    monkeypatch.setattr(large_pages, "MAPS", tmp_path / "nobody looks here")
    assert large_pages.move_in() == 0
