"""What no database and no other program could keep: halves of characters, and the character zero."""

from typing import Any


def keepable(text: str) -> str:
    """The same words, with a mark where there was something of that kind."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")


def keepable_whole(given: Any) -> Any:
    """A JSON document with every text in it made keepable."""
    match given:
        case str():
            return keepable(given)
        case dict():
            return {name: keepable_whole(value) for name, value in given.items()}
        case list():
            return [keepable_whole(value) for value in given]
        case _:
            return given
