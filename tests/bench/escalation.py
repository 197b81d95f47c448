"""Routing what was read: one escalation worker against PostgreSQL's own pgbench doing the same writes in batches."""

import re
import subprocess
from pathlib import Path
from typing import Final

from deploy.local.postgres import installed
from services.escalation.main import AT_ONCE
from shared.kafka import ROUTED
from tests.bench import telling
from tests.bench.figures import Found, Row, Say, Scale
from tests.bench.topics import Ends, fill
from tests.bench.worker import read_already
from tests.bench.world import World, said, watched, world

BATCH: Final = AT_ONCE  # reports in one transaction of pgbench: as many as the worker takes at most
SQL: Final = Path(__file__).parent / "sql"


def measured(scale: Scale, say: Say) -> Found:
    with world() as here:
        say("reading what is to be routed")
        fill(here.kafka.address, read_already(telling.received(telling.calm(scale.cases))))
        say("the escalation worker")
        here.run(("escalation", "work"))
        pids = {"the worker": here.pid("escalation", "work"), "PostgreSQL": here.postgres.pid}
        ours = watched(Ends(here.kafka.address, ROUTED), scale.cases, **pids)
        watched(lambda: _settled(here), 1)
        here.stack.kill("escalation", "work")
        say("pgbench")
        ceiling = _pgbench(here, scale.cases // BATCH)
    bound = f"its own Python: {said(ours.cores)}"
    return Found(
        rows=[Row("escalation, one worker", "reports/s", ours.rate, "pgbench", ceiling, 0.5, bound)],
    )


def _settled(here: World) -> int:
    """1 once every receipt is sent and every audit entry sealed: all is written that there is to write."""
    left = "(select count(*) from outbox) + (select count(*) from audit_entry where position is null)"
    return int(_tool(here, "psql", "-XAtq", "-c", f"select ({left} = 0)::int"))


def _pgbench(here: World, batches: int) -> float:
    """Reports a second: the rows that the worker wrote, kept aside and written again from there."""
    _tool(here, "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", str(SQL / "keep_aside.sql"))
    command = ["-n", "-f", str(SQL / "the_same_writes.sql"), "-t", str(batches), "-D", "n=0", "-D", f"size={BATCH}"]
    printed = _tool(here, "pgbench", *command, "-M", "prepared")
    return float(re.findall(r"tps = ([\d.]+)", printed)[0]) * BATCH


def _tool(here: World, name: str, *arguments: str) -> str:
    """One of PostgreSQL's own programs, in escalation's database as its owner; what it printed."""
    program = installed() / "bin" / name
    command = [str(program), *arguments, here.postgres.url("escalation")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, f"{name}: {done.stderr}"
    return done.stdout
