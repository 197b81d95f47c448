"""What a country is laid out by, held to what was measured: each run writes docs/benchmarks.md anew."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
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
