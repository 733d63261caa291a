"""What an installed platform consists of: the three packages with the files they read, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

from api.settings import ROOT


def test_the_wheel_carries_everything_the_packages_read(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
        (facts,) = (name for name in carried if name.endswith(".dist-info/METADATA"))
        assert "Classifier: Private :: Do Not Upload" in archive.read(facts).decode()
    read_at_run_time = [
        *(ROOT / "storage").rglob("*.sql"),
        *(ROOT / "storage").rglob("*.toml"),
        *(path for path in (ROOT / "api" / "console").rglob("*") if path.is_file() and path.suffix != ".pyc"),
    ]
    assert {str(path.relative_to(ROOT)) for path in read_at_run_time} <= carried
    assert {name.partition("/")[0] for name in carried if ".dist-info/" not in name} == {"api", "domain", "storage"}
