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
from shared.told import Answers, Channel, History

UNTIMED: Final = datetime(2000, 1, 1, tzinfo=UTC)

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
            except ValueError as error:
                raise AskedWrongly(f"{file}:{number}: {error}") from error


def _row(line: bytes, needed: Iterable[str]) -> Row:
    """Raises ValueError where it is no report."""
    row = json.loads(line)
    if lacking := [name for name in needed if not isinstance(row, dict) or name not in row]:
        raise ValueError(f"a report is one JSON object a line, and this has no {', '.join(lacking)}")
    received(row)
    return dict(row)


def received(row: Row) -> ReportReceived:
    """A line of a file as the event that intake would have sent."""
    return ReportReceived(
        report_id=uuid5(NAMESPACE_URL, str(row["id"])),
        reference=str(row["id"]),
        channel=Channel(row.get("channel", "web")),
        source="file",
        received_at=UNTIMED,
        lane=Lane.ordinary,
        text=row["text"],
        answers=Answers.model_validate(row.get("answers") or {}),
        history=History.model_validate(row.get("history") or {}),
    )


def classified(row: Row, rulebook: Rulebook) -> Row:
    """A report to the line written for it."""
    return {"id": row["id"], **account(received(row), rulebook).model_dump(mode="json")}
