"""`make faults`: every fault done to Heard, and what held.

`--quick` does less of each; `--json FILE` keeps the figures; `--write` puts them into docs/faults.md.
Exits with 1 where anything did not hold.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from deploy.local.stack import ROOT
from tests.faults.acts import FAULTS
from tests.faults.figures import Figure, Row, Scale, written
from tests.faults.scene import Fault
from tests.faults.world import World, world

PAGE: Final = ROOT / "docs" / "faults.md"
MARK: Final = "<!-- written by `make faults ARGS=--write`, from here on -->"

console = Console(width=None if sys.stdout.isatty() else 150)


def main() -> None:
    arguments = argparse.ArgumentParser(prog="make faults", description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="the same faults, less of each")
    arguments.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    arguments.add_argument(
        "--only", metavar="WORDS", nargs="+", default=[""], help="faults whose names hold these words"
    )
    arguments.add_argument("--write", action="store_true", help="write docs/faults.md anew")
    given = arguments.parse_args()
    chosen = [fault for fault in FAULTS if any(words in fault.name for words in given.only)]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing stays running, or mounted
    start, scale = time.monotonic(), Scale.quick if given.quick else Scale.full
    rows = asyncio.run(_shown(chosen, scale))
    if given.json:
        given.json.write_text(json.dumps([_plain(row, figure) for row in rows for figure in row.figures], indent=1))
    if given.write:
        _write(rows, scale, time.monotonic() - start)
    raise SystemExit(0 if all(row.held for row in rows) else 1)


async def _shown(faults: Sequence[Fault], scale: Scale) -> list[Row]:
    """Each fault, one after the other, to one world."""
    rows: list[Row] = []
    with Live(console=console, refresh_per_second=4, auto_refresh=console.is_terminal) as live:
        _say(live, rows, "everything starts")
        async with world(scale) as on:
            for fault in faults:
                _say(live, rows, fault.name)
                rows.append(await _enacted(fault, on))
                _say(live, rows, "held" if rows[-1].held else f"NOT HELD: {_missed(rows[-1])}")
        live.update(_table(rows))
    return rows


async def _enacted(fault: Fault, on: World) -> Row:
    """A fault that could not even be done costs its own row and no other."""
    try:
        return await fault.enact(on)
    except Exception as error:  # noqa: BLE001 - it is told in the table, and the run fails
        return Row(fault.name, f"{type(error).__name__}: {error}"[:200], (Figure("not done to the end", 1, 0),), (), 0)


def _missed(row: Row) -> str:
    return "; ".join(f"{figure.name}: {figure.shown}" for figure in row.figures if not figure.held)


def _say(live: Live, rows: Sequence[Row], now: str) -> None:
    """The table so far, with what is being done; where nobody watches, a line."""
    if console.is_terminal:
        live.update(Group(_table(rows), Spinner("dots", now)))
    else:
        print(f"{datetime.now(UTC):%H:%M:%S} {now}", file=sys.stderr, flush=True)


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="What was done to Heard, and what held")
    for heading in ("fault", "what was done", "figure", "measured", "wanted", "held"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "measured" else "left")
    for row in rows:
        lines = [_line(figure) for figure in row.own] + [_always(row)]
        table.add_row(row.fault, f"{row.done}; {row.seconds:.0f} s", *lines[0])
        for line in lines[1:]:
            table.add_row("", "", *line)
        table.add_section()
    return table


def _line(figure: Figure) -> tuple[str, str, str, str]:
    return figure.name, figure.shown, figure.wanted, _held(figure.held)


def _always(row: Row) -> tuple[str, str, str, str]:
    """Those that are always looked at, on one line unless one of them did not hold."""
    broken = [figure for figure in row.always if not figure.held]
    if broken:
        return "\n".join(f.name for f in broken), "\n".join(f.shown for f in broken), "0", _held(False)
    return (
        "lost, twice, astray, out of rank, false 202, never accepted, gaps",
        " ".join("0" for _ in row.always),
        "0 each",
        _held(True),
    )


def _held(held: bool) -> str:
    return "yes" if held else "[bold red]NO[/]"


def _write(rows: Sequence[Row], scale: Scale, seconds: float) -> None:
    """What stands above the mark is written by hand, and stays."""
    broken = [figure.name for row in rows for figure in row.always if not figure.held]
    always = f"Of the seven that are always counted, not 0: {', '.join(broken)}." if broken else "All seven were 0."
    lines = [
        f"`make faults`{' `ARGS=--quick`' if scale is Scale.quick else ''}, {datetime.now(UTC):%d %B %Y}, "
        f"in {seconds / 60:.0f} minutes, on {os.cpu_count()} cores. {always}",
        "",
        "| fault | what was done | figure | measured | wanted | held |",
        "|---|---|---|---:|---|---|",
    ]
    for row in rows:
        for place, figure in enumerate(row.own):
            first = f"{row.fault} | {row.done}" if place == 0 else " | "
            held = "yes" if figure.held else "**no**"
            lines.append(f"| {first} | {figure.name} | {figure.shown} | {figure.wanted} | {held} |")
    above = PAGE.read_text().partition(MARK)[0]
    PAGE.write_text(above + MARK + "\n\n" + "\n".join(lines) + "\n")


def _plain(row: Row, figure: Figure) -> dict[str, object]:
    ratio = figure.value / figure.at_most if figure.at_most else None
    return {
        "name": f"{row.fault}: {figure.name}",
        "value": written(figure.value) if figure.value == float("inf") else figure.value,
        "ceiling": figure.at_most,
        "ratio": None if ratio == float("inf") else ratio,
        "wanted": figure.wanted,
        "held": figure.held,
    }


if __name__ == "__main__":
    main()
