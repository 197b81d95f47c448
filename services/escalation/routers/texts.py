"""What somebody types into a page, or has a program send: how it is counted, and that it says something."""

from collections.abc import Iterable
from typing import Final

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError


def _as_counted(given: object) -> object:
    return given.replace("\r\n", "\n") if isinstance(given, str) else given


def _said(given: str) -> str:
    if not given.strip():
        raise PydanticCustomError("blank", "Write something: nothing but blanks is here")
    return given


TYPED: Final = BeforeValidator(_as_counted)
"""Browsers send each line break as two characters, and count it as one against `maxlength`."""
SAID: Final = AfterValidator(_said)
"""Words that must not be blank."""

LONGEST: Final = 4000  # characters of what staff write about a case

WORDS: Final = frozenset({"note", "reason", "outcome", "action", "words", "why", "how"})
"""The fields of all pages that hold somebody's own words."""


def own_words(fields: Iterable[tuple[str, str]]) -> list[str]:
    """What was written, to be shown to whoever wrote it where there is no field for it any more."""
    return [value for name, value in fields if name in WORDS and value.strip()]
