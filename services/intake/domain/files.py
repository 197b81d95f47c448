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
    *((bytes((0xFF, second)), "audio/mpeg") for second in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3)),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"fLaC\x00", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"0&\xb2u\x8ef\xcf\x11", "video/x-ms-wmv"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
FTYP: Final = {b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heic", b"avif": "image/avif",
               b"M4A ": "audio/mp4", b"qt  ": "video/quicktime"}  # fmt: skip
PACKET: Final = 188  # bytes of MPEG-TS; cameras put a time of 4 before each

CONTROLS: Final = bytes((*range(9), 11, *range(14, 32)))
"""What plain text has none of; no letter of UTF-8, or of Windows-1252, has one of these bytes in it."""
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


def media_type(content: bytes) -> str | None:
    """A picture, PDF, sound, video or plain text; None for anything else, whatever its name."""
    for start, kind in STARTS:
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF":
        return RIFF.get(content[8:12])
    if content[4:8] == b"ftyp":
        return FTYP.get(content[8:12], "video/mp4")
    if content[:2] == b"BM" and content[6:10] == bytes(4):
        return "image/bmp"
    if _is_text(content):
        return "text/plain"
    stream = any(content[at : at + 3 * step : step] == b"GGG" for at, step in ((0, PACKET), (4, PACKET + 4)))
    return "video/mp2t" if stream else None


def _is_text(content: bytes) -> bool:
    """As phones write it, or Windows: UTF-8, UTF-16 with its mark, or Windows-1252; and no page with scripts in it."""
    try:
        if content[:2] in UTF_16:
            content = content.decode("utf-16").encode()
        _must_decode(content)
    except UnicodeDecodeError:
        return False
    page = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    return not page and len(content.translate(None, CONTROLS)) == len(content)


def _must_decode(content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError:
        content.decode("cp1252")


def fault(content: bytes, kind: str | None) -> str | None:
    """Why a file of this media type cannot be taken; None where it can."""
    if not content:
        return "file_empty"
    if len(content) > MAX_FILE:
        return "file_size"
    return None if kind else "file_kind"
