"""Types of files, told by their content: what a file says of itself, and what its name claims, count for nothing.

How it works. A `Sniffer` is fed the bytes as they come and keeps the first and the last few kilobytes, whether
everything is text in UTF-8, and how much there was: constant memory, whatever the size. `found` then says what the
content is.

Laws: only the types listed here exist; a file that is cut off, or is two things at once where that can be told, is of
no type; office files that carry macros or are encrypted are of no type; markup (HTML, SVG, XML) is of no type, since
browsers run it.
"""

import codecs
import struct
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

HEAD_BYTES: Final = 4_096
"""Every signature lies in the first few bytes; text is looked at a little further, for markup behind blanks."""

TAIL_BYTES: Final = 262_144
"""The directory of an office file lies at its end: this much holds some 3,000 parts."""


class FileType(StrEnum):
    """The types of files that are taken, told by their content."""

    PDF = "PDF"
    """A PDF document."""
    PNG = "PNG"
    """A PNG picture."""
    JPEG = "JPEG"
    """A JPEG picture."""
    WEBP = "WEBP"
    """A WebP picture."""
    TIFF = "TIFF"
    """A TIFF picture, as scanners make them."""
    CSV = "CSV"
    """A table of comma-separated values, in UTF-8."""
    TEXT = "TEXT"
    """Plain text in UTF-8."""
    JSON = "JSON"
    """JSON in UTF-8."""
    XLSX = "XLSX"
    """An Excel workbook without macros."""
    DOCX = "DOCX"
    """A Word document without macros."""


MEDIA_TYPES: Final[Mapping[FileType, str]] = {
    FileType.PDF: "application/pdf",
    FileType.PNG: "image/png",
    FileType.JPEG: "image/jpeg",
    FileType.WEBP: "image/webp",
    FileType.TIFF: "image/tiff",
    FileType.CSV: "text/csv; charset=utf-8",
    FileType.TEXT: "text/plain; charset=utf-8",
    FileType.JSON: "application/json",
    FileType.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileType.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""What each is served as. Total."""

_CONTROLS: Final = frozenset(range(32)) - {9, 10, 12, 13}
_DELETED: Final = bytes(sorted(_CONTROLS | {127}))
"""Control characters that no text has: all but tab, line feed, form feed, carriage return."""

_PNG_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_DIRECTORY_END: Final = struct.Struct("<4s4H2LH")
_DIRECTORY_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_ENCRYPTED: Final = 1


class Sniffer:
    """Fed a file's bytes in order, it knows what they are. `size` is how many there were."""

    def __init__(self) -> None:
        self.size = 0
        self._head = b""
        self._tail = b""
        self._is_text = True
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the file."""
        self.size += len(chunk)
        if len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
        self._tail = (self._tail + chunk)[-TAIL_BYTES:]
        if self._is_text:
            self._is_text = self._decodes(chunk)

    def found(self, declared: FileType) -> FileType | None:
        """What the whole content is; where it can be several (a CSV is also text), the declared one. None: unknown."""
        possible = tuple(self._possible())
        return declared if declared in possible else next(iter(possible), None)

    def _decodes(self, chunk: bytes, *, final: bool = False) -> bool:
        if chunk.translate(None, _DELETED) != chunk:
            return False
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            return False
        return True

    def _possible(self) -> Iterator[FileType]:
        head, tail = self._head, self._tail
        if head.startswith((b"%PDF-1.", b"%PDF-2.")) and b"%%EOF" in tail[-1_024:]:
            yield FileType.PDF
        elif head.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR") and tail.endswith(_PNG_END):
            yield FileType.PNG
        elif head.startswith(b"\xff\xd8\xff") and tail.rstrip(b"\x00").endswith(b"\xff\xd9"):
            yield FileType.JPEG
        elif head[:4] == b"RIFF" and head[8:15] == b"WEBPVP8" and _riff_bytes(head) == self.size:
            yield FileType.WEBP
        elif head.startswith((b"II*\x00", b"MM\x00*")):
            yield FileType.TIFF
        elif head.startswith(b"PK\x03\x04"):
            yield from self._office()
        elif self._is_text and self._decodes(b"", final=True) and self.size:
            yield from self._text()

    def _text(self) -> Iterator[FileType]:
        """What text can be: always plain text or a table, JSON where it begins and ends like it; never markup."""
        beginning = self._head.removeprefix(codecs.BOM_UTF8).lstrip()
        if beginning.startswith(b"<") or not beginning:
            return
        ends = {b"{": b"}", b"[": b"]"}
        if ends.get(beginning[:1]) == self._tail.rstrip()[-1:] and not self._head.startswith(codecs.BOM_UTF8):
            yield FileType.JSON
        yield from (FileType.TEXT, FileType.CSV)

    def _office(self) -> Iterator[FileType]:
        """The office file that the ZIP's directory describes, if it is whole, readable and without macros."""
        parts = _parts(self._tail, self.size)
        if "[content_types].xml" not in parts or any(part.endswith("vbaproject.bin") for part in parts):
            return
        if "xl/workbook.xml" in parts:
            yield FileType.XLSX
        elif "word/document.xml" in parts:
            yield FileType.DOCX


def _riff_bytes(head: bytes) -> int:
    """How long a RIFF file says it is, its own header included and padded to an even number."""
    (length,) = struct.unpack_from("<L", head, 4)
    return 8 + int(length) + int(length) % 2


def _parts(tail: bytes, size: int) -> frozenset[str]:
    """The names in a ZIP's directory, in lower case; none where it is damaged, encrypted or larger than is read."""
    end_at = tail.rfind(b"PK\x05\x06")
    if end_at < 0 or len(tail) - end_at < _DIRECTORY_END.size:
        return frozenset()
    _, disk, _, here, count, length, offset, comment = _DIRECTORY_END.unpack_from(tail, end_at)
    at = offset - (size - len(tail))
    if disk or here != count or end_at + _DIRECTORY_END.size + comment != len(tail) or not 0 <= at <= end_at - length:
        return frozenset()
    names = set()
    for _ in range(count):
        if at + _DIRECTORY_ENTRY.size > end_at:
            return frozenset()
        entry = _DIRECTORY_ENTRY.unpack_from(tail, at)
        if entry[0] != b"PK\x01\x02" or entry[3] & _ENCRYPTED:
            return frozenset()
        at += _DIRECTORY_ENTRY.size
        names.add(tail[at : at + entry[10]].decode("utf-8", "replace").lower())
        at += entry[10] + entry[11] + entry[12]
    return frozenset(names)


assert MEDIA_TYPES.keys() == set(FileType)
