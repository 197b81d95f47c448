"""Patterns as data: one way to normalise words and to compile what looks for them.

The classifier's readers and intake's urgent-lane screen read the same text with the same patterns, so both live here.
RE2 runs in linear time whatever the pattern and whatever the text.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import re2

Words = Mapping[str, str]

_SPACES = (
    "\t\r\x0b\x0c\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
_UNSEEN = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
    "\u2066\u2067\u2068\u2069\ufeff\ufe0f" + "".join(map(chr, range(0x300, 0x370)))
)
_APOSTROPHES = "\u2018\u2019\u201a\u201b\u02bc\u2032\u0060\u00b4"
_SAME_LENGTH = {
    **{ord(c): " " for c in _SPACES},
    **{c: " " for c in range(32) if c != 10},
    **{ord(c): "'" for c in _APOSTROPHES},
    **{ord(c): '"' for c in "\u201c\u201d\u201e\u00ab\u00bb"},
    **{ord(c): "\n" for c in "\u2028\u2029"},
    **{ord(c): "-" for c in "\u2010\u2011\u2012\u2013\u2014"},
    **{0xFF01 + i: chr(0x21 + i) for i in range(94)},
    ord("\u2026"): ".",
    ord("\u0130"): "i",
    **dict.fromkeys(range(0xD800, 0xE000), "?"),
}
_BLANK = {ord(c): " " for c in _UNSEEN}
_GONE = dict.fromkeys(_BLANK)
_APOSTROPHE = r"&(?:#39|#x27|#8217|apos|rsquo|lsquo);"
_ESCAPED = re.compile(rf"(?<![\w'])[\w']*+(?:{_APOSTROPHE}[\w']*+)++", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|b|big|br|code|div|em|font|i|li|mark|p|q|s|small|span|strong|sub|sup|u)\b[^<>\n]{0,200}>", re.IGNORECASE
)
_BROKEN = re.compile(rf"(?<![\w'])[\w']++(?:[{_UNSEEN}]++[\w']++)++")


@dataclass(frozen=True, slots=True)
class Normal:
    """A text made plain, character for character: every offset is one of the original, to within a broken word."""

    text: str
    data: bytes
    starts: "array[int] | None"

    def char(self, byte: int) -> int:
        """The character at a byte of `data`."""
        return byte if self.starts is None else bisect_left(self.starts, byte)


def normalise(text: str) -> Normal:
    """Lower case, one kind of apostrophe, quote, dash and space; the length never changes.

    What is not seen within a word hides none of it: the letters come together, and what was between them ends the word.
    """
    plain = _without_markup(text.translate(_SAME_LENGTH))
    if not plain.isascii():
        plain = _BROKEN.sub(_mended, plain).translate(_BLANK)
    plain = plain.lower()
    data = plain.encode()
    return Normal(plain, data, None if len(data) == len(plain) else _byte_starts(plain))


def _without_markup(plain: str) -> str:
    """HTML as its words: the tags of a mail or a rich text box hide none, nor do apostrophes that were escaped."""
    if "<" in plain:
        plain = _TAG.sub(lambda tag: " " * len(tag[0]), plain)
    if "&" in plain:
        plain = _ESCAPED.sub(
            lambda word: re.sub(_APOSTROPHE, "'", word[0], flags=re.IGNORECASE).ljust(len(word[0])), plain
        )
    return plain


def _mended(word: re.Match[str]) -> str:
    letters = word[0].translate(_GONE)
    return letters + " " * (len(word[0]) - len(letters))


def _byte_starts(plain: str) -> "array[int]":
    starts, at = array("l"), 0
    for char in plain:
        starts.append(at)
        code = ord(char)
        at += 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
    starts.append(at)
    return starts


class UnknownWordsError(ValueError):
    """A pattern names a word list that the data does not define."""


def lines(written: str | Iterable[str]) -> tuple[str, ...]:
    """Rule data may give several patterns or examples as one text, one a line."""
    return tuple(line for line in written.splitlines() if line.strip()) if isinstance(written, str) else tuple(written)


_MACRO = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_PIECES = re.compile(r"\\.| \?|\[(?:\\.|[^\]])*\]|(?P<quote>(?<!\w)'(?!\w))|.", re.DOTALL)
_OPTIONAL_GAP = re.compile(r"(\)[?*]|\)\{\d+,\d+\}) ")
_LOOSE = {" ": r"[ ,\n]+", " ?": r"[ ,\n]*", "'": "'?"}


def expand(pattern: str, words: Words) -> str:
    """A written pattern as RE2: named word lists put in, spaces and apostrophes made loose, whole words only."""
    loose = loosened(filled(pattern, words))
    if loose.startswith("~"):
        return loose[1:]
    return rf"\b(?:{loose})(?:\b|$|[^\w])"


def loosened(pattern: str) -> str:
    """A pattern, or a word list, with its spaces and apostrophes made loose."""
    gaps = _OPTIONAL_GAP.sub(r"\1(?:[ ,\\n]+|\\b)", pattern)
    return "".join(piece[0] if piece["quote"] else _LOOSE.get(piece[0], piece[0]) for piece in _PIECES.finditer(gaps))


def filled(pattern: str, words: Words) -> str:
    def put_in(found: re.Match[str]) -> str:
        if found[1] not in words:
            raise UnknownWordsError(f"{{{found[1]}}} is not a word list, in {pattern!r}")
        return f"(?:{filled(words[found[1]], words)})"

    return _MACRO.sub(put_in, pattern)


def options() -> Any:
    """How every pattern is compiled: UTF-8, no captures, a bounded cache."""
    chosen = re2.Options()
    chosen.never_capture = True
    chosen.log_errors = False
    chosen.max_mem = 16 << 20
    return chosen


def alternatives(patterns: Iterable[str], words: Words) -> str:
    return "|".join(f"(?:{expand(pattern, words)})" for pattern in patterns)
