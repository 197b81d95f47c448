"""As much of a report as can be read, where the whole of it cannot."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import getitem
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import from_json

from shared.events import ReportReceived

BROKEN: Final = "unreadable"
"""The reference, and the source, of what can be read so little that it gives none."""


def salvaged(event: bytes, otherwise: Mapping[str, Any]) -> ReportReceived:
    """The report in an event's JSON, perhaps cut short; `otherwise` has what a report needs and this may lack.

    What cannot be read is left out alone, and the part that it was in only where that is nothing without it.
    """
    told = _report(event)
    while True:
        try:
            return ReportReceived.model_validate({**otherwise, **told})
        except ValidationError as error:
            wrong = {_place(told, one["loc"]) for one in error.errors(include_url=False, include_input=False)}
            for place in sorted(wrong, reverse=True):  # the later in a list first: the earlier stay where they are
                *way, last = place
                del reduce(getitem, way, told)[last]


def _report(event: bytes) -> Any:
    try:
        document = from_json(event, allow_partial="trailing-strings")
    except ValueError:
        return {}
    match document:
        case {"report": dict(report)} | dict(report):
            return report
        case _:
            return {}


def _place(told: Any, loc: Sequence[int | str]) -> tuple[int | str, ...]:
    """What is wrong; where something is missing, what lacks it."""
    for depth, step in enumerate(loc):
        try:
            told = told[step]
        except (KeyError, IndexError, TypeError):
            return tuple(loc[:depth])
    return tuple(loc)
