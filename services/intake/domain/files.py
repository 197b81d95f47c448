"""What a file is, by what is in it and not by what it is called."""

from typing import Final

MAX_FILE: Final = 10 * 2**20  # bytes
MAX_FILES: Final = 10
LEAST: Final = 2**16  # bytes that a file counts for at least, so that small ones are not without number

STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
FTYP: Final = {b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heic", b"avif": "image/avif",
               b"M4A ": "audio/mp4", b"qt  ": "video/quicktime"}  # fmt: skip


CONTROLS: Final = bytes((*range(9), 11, *range(14, 32)))
"""What plain text has none of; no letter of UTF-8 has one of these bytes in it."""


def media_type(content: bytes) -> str | None:
    """A picture, PDF, sound, video or plain text; None for anything else, whatever its name."""
    for start, kind in STARTS:
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF":
        return RIFF.get(content[8:12])
    if content[4:8] == b"ftyp":
        return FTYP.get(content[8:12], "video/mp4")
    return "text/plain" if _is_text(content) else None


def _is_text(content: bytes) -> bool:
    if len(content.translate(None, CONTROLS)) < len(content):
        return False
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return not text.lstrip("\ufeff \t\r\n").startswith("<")


def fault(content: bytes, kind: str | None) -> str | None:
    """Why a file of this media type cannot be taken; None where it can."""
    if not content:
        return "file_empty"
    if len(content) > MAX_FILE:
        return "file_size"
    return None if kind else "file_kind"
