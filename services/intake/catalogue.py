"""All words that a reporter reads, by key, one file a language; and two made-up languages that prove nothing is missed.

`en-XA` gives every letter an accent, so that a word which is not from the catalogue stands out; `ar-XB` does the same
and runs from right to left. A language is offered only once a speaker has signed its file.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.intake.guidance import guidance
from shared.command import AskedWrongly

WORDS: Final = Path(__file__).parent / "words"
SOURCE: Final = "en"

_ACCENTED = str.maketrans("aceinorsuyzACEINORSUYZ", "åçéîñöŕšûýžÅÇÉÎÑÖŔŠÛÝŽ")
_HOLES = re.compile(r"(\{[a-z_]+\})")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The words of one language. Called with a key, and what fills the holes in its sentence."""

    language: str
    name: str
    direction: str
    words: Mapping[str, str]

    def __call__(self, key: str, **fill: object) -> str:
        """Raises KeyError for a key that no sentence has: a slip of ours, which the tests find."""
        return self.words[key].format(**fill) if fill else self.words[key]

    def has(self, key: str) -> bool:
        return key in self.words


@cache
def catalogue(language: str, folder: Path = WORDS) -> Catalogue:
    """The words of `en`, `en-XA`, `ar-XB`, or of a file. Raises AskedWrongly where no speaker has signed it."""
    if language in MADE_UP:
        direction, change = MADE_UP[language]
        source = catalogue(SOURCE, folder)
        return Catalogue(
            language, language, direction, {key: _changed(words, change) for key, words in source.words.items()}
        )
    file = folder / f"{language}.toml"
    written = tomllib.loads(file.read_text()) if file.exists() else {}
    about = written.pop("about", {})
    if not about.get("signed_by"):
        raise AskedWrongly(f"HEARD_INTAKE_LANGUAGES: {language} needs {file}, signed by a speaker (about.signed_by)")
    shared = dict(guidance().words()) if language == SOURCE else {}
    return Catalogue(language, about["name"], about["direction"], shared | dict(_flat(written)))


def _flat(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in tree.items():
        found += _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return found


def _changed(words: str, change: Callable[[str], str]) -> str:
    return "".join(part if _HOLES.fullmatch(part) else change(part) for part in _HOLES.split(words))


def _accented(words: str) -> str:
    return words.translate(_ACCENTED)


MADE_UP: Final[Mapping[str, tuple[str, Callable[[str], str]]]] = {
    "en-XA": ("ltr", _accented),
    "ar-XB": ("rtl", _accented),
}
