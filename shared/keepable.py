"""What no database and no other program could keep: halves of characters, and the character zero."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator


def keepable(text: str) -> str:
    """The same words, with a mark where there was something of that kind."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")


Kept = Annotated[str, AfterValidator(keepable)]
"""A text that comes by itself, in a form, an address or a header."""


def keepable_whole(given: Any) -> Any:
    """A JSON document, or a form, with every text in it made keepable, names too."""
    match given:
        case str():
            return keepable(given)
        case dict():
            return {keepable_whole(name): keepable_whole(value) for name, value in given.items()}
        case list() | tuple():
            return type(given)(keepable_whole(value) for value in given)
        case _:
            return given


def texts(given: Any) -> Iterator[str]:
    """Every text in what was sent, names too. Not by recursion: whoever sends it says how deep it goes."""
    left = [given]
    while left:
        match left.pop():
            case str() as text:
                yield text
            case dict() as members:
                left += members.items()
            case list() | tuple() as several:
                left += several
