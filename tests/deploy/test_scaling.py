"""What a country is laid out by, held to what was measured: each run writes docs/benchmarks.md anew."""

import re
from pathlib import Path

import pytest

from services.intake.settings import Settings as Intake

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCALING = (DOCS / "scaling.md").read_text()
FOR_COMMANDS = 20
MEASURED = {
    "intake, HTTP": "intake, one process",
    "classifier, first reading": "classifier, one worker",
    "escalation, worker": "escalation, one worker",
    "escalation, HTTP": "agency feed, 100 entries a page",
}


@pytest.mark.parametrize(("part", "row"), MEASURED.items())
def test_a_part_does_at_least_what_is_counted_on(part: str, row: str):
    assert rate("scaling.md", part) <= rate("benchmarks.md", row)


def rate(page: str, row: str) -> float:
    """The first figure of a row of a page."""
    found = re.search(rf"^\| {row} \| ([\d,.]+) ", (DOCS / page).read_text(), re.M)
    assert found, f"{page} has no row {row}"
    return float(found[1].replace(",", ""))


def test_postgresql_has_room_for_every_connection_and_for_commands():
    each = Intake.model_fields["connections"].default
    room = re.search(r"`max_connections` (\d+) in intake's, (\d+) in escalation's", SCALING)
    assert room
    asked = (
        each * (processes("intake, HTTP") + processes("intake, worker")),
        each * (2 * processes("escalation, HTTP") + processes("escalation, worker")),
    )
    assert f"| intake {asked[0]}, escalation {asked[1]} |" in SCALING
    assert all(int(allowed) >= many + FOR_COMMANDS for allowed, many in zip(room.groups(), asked, strict=True))


def processes(part: str) -> int:
    """How many the page lays out, which is how the last column of its row begins."""
    found = re.search(rf"^\| {part} \|[^|]*\|[^|]*\| (\d+)", SCALING, re.M)
    assert found, f"scaling.md has no row {part}"
    return int(found[1])
