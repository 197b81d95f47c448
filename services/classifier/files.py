"""Reports in files, one JSON object a line, in the format of the development set."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from services.classifier.domain.account import account
from services.classifier.domain.rules import Rulebook
from shared.events import Lane, ReportReceived
from shared.told import Answers, Channel, History

UNTIMED: Final = datetime(2000, 1, 1, tzinfo=UTC)

Row = dict[str, Any]


def rows(file: str) -> Iterator[Row]:
    """The reports of a file in order; `-` is standard input."""
    lines = sys.stdin if file == "-" else Path(file).read_text(encoding="utf-8").split("\n")
    return (json.loads(line) for line in lines if line.strip())


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
