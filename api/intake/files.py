"""Which place uploaded files have, by the settings."""

from pathlib import Path
from typing import Final

from api.settings import Settings
from storage.files import Files, Folder

BUCKET: Final = "s3://"
"""What a setting begins with that names a bucket."""


def open_files(settings: Settings) -> Files:
    """The place that the settings name, by default a folder of the state. Whoever opens it closes it.

    Raises:
        Unusable: a bucket's address cannot be understood, or its key is missing.
    """
    if settings.files.startswith(BUCKET):
        from api.intake.buckets import open_bucket  # noqa: PLC0415 - an HTTP client that only a bucket needs

        return open_bucket(settings.files, settings.files_key_id, settings.files_secret)
    return Folder(Path(settings.files).absolute() if settings.files else settings.state_dir / "files")
