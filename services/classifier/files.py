"""Reports in files, one JSON object a line, in the format of the development set."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from pydantic import ValidationError

from services.classifier.domain.account import account
from services.classifier.domain.rules import Rulebook
from shared.command import AskedWrongly, reason
from shared.events import Lane, ReportReceived
from shared.told import Channel

UNTIMED: Final = datetime(2000, 1, 1, tzinfo=UTC)
TOLD: Final = ("answers", "history", "place", "call")

Row = dict[str, Any]


def rows(file: str, *needed: str) -> Iterator[Row]:
    """The reports of a file in order; `-` is standard input. What is `needed` is there beside what each report has.

    Raises AskedWrongly, with the line of what is no report.
    """
    lines = sys.stdin.buffer if file == "-" else Path(file).read_bytes().splitlines()
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _row(line, ("id", "text", *needed))
            except ValidationError as error:
                fault = error.errors()[0]
                at = ".".join(map(str, fault["loc"]))
                raise AskedWrongly(f"{file}:{number}: {at}: {reason(fault)}") from error
            except (ValueError, RecursionError) as error:
                raise AskedWrongly(f"{file}:{number}: {error}") from error


def _row(line: bytes, needed: Iterable[str]) -> Row:
    """Raises ValueError where it is no report. A name with a dot is a key of an object within it."""
    row = json.loads(line)
    if lacking := [name for name in needed if not _has(row, *name.split("."))]:
        raise ValueError(f"a report is one JSON object a line, and this has no {', '.join(lacking)}")
    received(row)
    return dict(row)


def _has(told: Any, name: str, *within: str) -> bool:
    return isinstance(told, dict) and name in told and (not within or _has(told[name], *within))


def received(row: Row) -> ReportReceived:
    """A line of a file as the event that intake would have sent."""
    return ReportReceived.model_validate(
        {
            **{name: row[name] for name in TOLD if row.get(name)},
            "report_id": uuid5(NAMESPACE_URL, str(row["id"])),
            "reference": str(row["id"]),
            "channel": Channel(row.get("channel", "web")),
            "source": "file",
            "received_at": UNTIMED,
            "lane": Lane.ordinary,
            "text": row["text"],
        }
    )


def classified(row: Row, rulebook: Rulebook) -> Row:
    """A report to the line written for it."""
    return {"id": row["id"], **account(received(row), rulebook).model_dump(mode="json")}
