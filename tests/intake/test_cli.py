"""Commands, each in a process of its own: what they say where they cannot do it, and whose time they go by."""

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli import app as heard
from services.intake.handlers import transcripts
from services.intake.handlers.transcripts import Taken
from services.intake.settings import Settings
from shared.clock import time_of
from shared.database import Pool
from tests.faults.acts.clocks import wrong_by
from tests.intake.telling import tell
from tests.intake.test_transcripts import CALLS

HOUR = timedelta(hours=1)
NOWHERE = {"HEARD_INTAKE_DATABASE": "postgresql://nobody:nothing@127.0.0.1:1/nowhere"}
BY = ("--by", "kim", "--why", "asked for")


async def ran(settings: Settings, *arguments: str, **environment: str) -> tuple[int | None, str, str]:
    """The exit code, and what was printed and complained of."""
    ours = {
        "HEARD_INTAKE_DATABASE": settings.database.get_secret_value(),
        "HEARD_INTAKE_KAFKA": settings.kafka.get_secret_value(),
        "HEARD_INTAKE_SECRET": settings.secret.get_secret_value(),
    }
    command = (sys.executable, "-m", "services", *arguments)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | ours | environment, stdout=pipe, stderr=pipe
    )
    printed, complained = await process.communicate()
    return process.returncode, printed.decode(), complained.decode()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("intake", "key", "make", "nobody", "--scope", "reports"), "Register it first: heard intake partner nobody"),
        (("intake", "partner", "x", "--name", "X", "--colour", "red"), "six hexadecimal digits"),
        (("erase", "H-NEVER-GIVEN", *BY), "it may have been erased before"),
    ],
)
async def test_what_is_refused_is_said_in_one_line(
    settings: Settings, pool: Pool, arguments: tuple[str, ...], says: str
):
    code, printed, complained = await ran(settings, *arguments)
    assert (code, printed, complained.count("\n")) == (2, "", 1)
    assert says in complained


@pytest.mark.parametrize(
    "arguments",
    [
        ("intake", "partner", "x", "--name", "X"),
        ("intake", "key", "list"),
        ("erase", "H-NEVER-GIVEN", *BY),
        ("audit",),
        ("intake", "transcript", str(CALLS / "turns.txt")),
    ],
)
async def test_without_the_database_that_is_said_and_the_exit_code_is_its_own(
    settings: Settings, arguments: tuple[str, ...]
):
    code, _, complained = await ran(settings, *arguments, **NOWHERE)
    assert code == 3
    assert "the database is away: " in complained
    assert "Traceback" not in complained


async def test_a_file_is_received_when_the_database_says_so_whatever_this_machine_says(
    settings: Settings, pool: Pool, tmp_path: Path
):
    code, _, _ = await ran(settings, "intake", "transcript", str(CALLS / "turns.txt"), **wrong_by(-HOUR))
    assert code == 0
    received_at = await pool.fetchval("select received_at from report")
    assert abs(await time_of(pool) - received_at) < timedelta(minutes=5)


async def test_a_file_that_is_sent_again_is_the_same_report(settings: Settings, pool: Pool):
    sent = [await ran(settings, "intake", "transcript", str(CALLS / "turns.txt")) for _ in range(2)]
    assert sent[0] == sent[1]
    assert await pool.fetchval("select count(*) from report") == 1


async def test_the_audit_goes_by_the_databases_time(settings: Settings, pool: Pool):
    accepted = await tell(pool, "He follows me.", now=await time_of(pool))
    code, printed, _ = await ran(settings, "audit", "--limit", "600", **wrong_by(HOUR))
    assert code == 0
    waited = printed.split(f"open {accepted.reference} ordinary for ")[1].split(" s")[0]
    assert 0 <= int(waited) < 600


async def test_whoever_erases_is_told_under_what_id_the_record_of_it_stays(settings: Settings, pool: Pool):
    accepted = await tell(pool, "He follows me.", now=await time_of(pool))
    report_id = await pool.fetchval("select id from report")
    code, printed, _ = await ran(settings, "erase", accepted.reference, *BY)
    assert code == 0
    assert f"under {report_id}." in printed


async def test_a_call_whose_vcon_cannot_be_written_is_kept_and_nothing_is_written_over(
    settings: Settings, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def read(vcon: dict[str, Any], taken: Taken, *_: object) -> dict[str, Any]:
        return {"of": taken.accepted.reference}

    monkeypatch.setattr(transcripts, "with_our_reading", read)
    files = []
    for folder, words in (("a", "Help."), ("b", "Help me.")):
        vcon = json.loads((CALLS / "vcon-dialog.json").read_text())
        vcon["uuid"], vcon["dialog"][-1]["body"] = folder, words
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / "call.json")
        files[-1].write_text(json.dumps(vcon))
    (tmp_path / "out").mkdir()
    arguments = ["intake", "transcript", *map(str, files), "--vcon-to", str(tmp_path / "out")]
    environment = {
        "HEARD_INTAKE_DATABASE": settings.database.get_secret_value(),
        "HEARD_INTAKE_KAFKA": settings.kafka.get_secret_value(),
        "HEARD_INTAKE_SECRET": settings.secret.get_secret_value(),
    }
    result = await asyncio.to_thread(CliRunner().invoke, heard, arguments, env=environment)
    rows = await pool.fetch("select reference from report order by received_at")
    first, second = (row["reference"] for row in rows)
    assert json.loads((tmp_path / "out" / "call.json").read_text()) == {"of": first}
    assert result.exit_code == 1
    assert f"{files[0]}: {first}" in result.output
    assert f"{files[1]}: kept as {second}, but its vCon is not written: " in result.output
