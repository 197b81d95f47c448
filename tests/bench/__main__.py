"""`make bench`: what Heard does in a second, held against what the same machine does bare in the same run.

`--quick` takes the same rows with smaller counts; `--only NAME…` some of them; `--json FILE` keeps the rows; `--write`
puts the whole of it into docs/benchmarks.md. Exits with 1 where a ratio was missed.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table as Printed

from tests.bench import (
    agencies,
    escalation,
    feed,
    household,
    intake,
    items,
    page,
    path,
    reading,
    turns,
    worker,
    workers,
)
from tests.bench.figures import FULL, QUICK, Found, Row, Say, Scale, Table

Measure = Callable[[Scale, Say], Found]

STAGES: Final[dict[str, Measure]] = {
    "intake": intake.measured,
    "classifier": worker.measured,
    "escalation": escalation.measured,
}
"""Each alone; the whole path is held against the slowest of them."""
PATH: Final = "path"

OTHERS: Final[dict[str, Measure]] = {
    "feed": feed.measured,
    "reading": reading.measured,
    "agencies": agencies.measured,
    "items": items.measured,
    "household": household.measured,
    "workers": workers.measured,
    "turns": turns.measured,
}

NAMES: Final = (*STAGES, PATH, *OTHERS)

console = Console(width=None if sys.stdout.isatty() else 160)


def main() -> None:
    arguments = argparse.ArgumentParser(prog="make bench", description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="the same rows, smaller counts")
    arguments.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    arguments.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES))
    arguments.add_argument("--write", action="store_true", help="write docs/benchmarks.md anew")
    given = arguments.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing stays running
    start = time.monotonic()
    found = _measured(given.only, QUICK if given.quick else FULL, start)
    rows = [row for one in found for row in one.rows]
    tables = [table for one in found for table in one.tables]
    for table in (page.rows(rows), *tables):
        console.print(_printed(table))
    if given.json:
        given.json.write_text(json.dumps([row.as_json() for row in rows], indent=1))
    if given.write:
        page.write(rows, tables, time.monotonic() - start)
    raise SystemExit(0 if all(row.held for row in rows) else 1)


def _measured(chosen: Collection[str], scale: Scale, start: float) -> list[Found]:
    stages = {name: _one(name, STAGES[name], scale, start) for name in STAGES if {name, PATH} & {*chosen}}
    found = list(stages.values())
    if PATH in chosen:
        alone = {name: stage.rows[0].value for name, stage in stages.items()}
        found.append(_one(PATH, lambda scale, say: path.measured(scale, say, alone), scale, start))
    return found + [_one(name, OTHERS[name], scale, start) for name in OTHERS if name in chosen]


def _one(name: str, measure: Measure, scale: Scale, start: float) -> Found:
    def say(what: str) -> None:
        print(f"{time.monotonic() - start:6.0f} s  {name}: {what}", file=sys.stderr, flush=True)

    say("begins")
    found = measure(scale, say)
    for row in found.rows:
        say(_told(row))
    return found


def _told(row: Row) -> str:
    held = "held" if row.held else "MISSED"
    return f"{row.name}: {row.value:.4g} {row.unit}, {row.ratio:.2f} of {row.against} ({held})"


def _printed(table: Table) -> Printed:
    printed = Printed(title=table.title, caption=table.note or None)
    for place, column in enumerate(table.columns):
        printed.add_column(column, overflow="fold", justify="right" if place else "left")
    for line in table.lines:
        printed.add_row(*line)
    return printed


if __name__ == "__main__":
    main()
