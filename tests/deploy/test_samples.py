"""The demo's sample reports, at an intake as the demo runs it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import samples
from deploy.local.postgres import FAST_AND_FORGETFUL, Postgres
from deploy.local.process import free_port
from deploy.local.stack import Ports, Stack
from shared.database import create_pool
from tests.infrastructure import running


@pytest.fixture
def intake(folder: Path) -> Iterator[Stack]:
    """Intake's HTTP alone, and no broker: what it is told waits in its outbox."""
    ports = Ports(intake=free_port())
    with running(Postgres(folder / "postgres", settings=FAST_AND_FORGETFUL)) as postgres:
        stack = Stack(folder, "127.0.0.1:1", postgres, ports)
        postgres.create_database("intake")
        stack.heard("intake", "migrate")
        try:
            stack.run("intake", "serve")
            stack.await_ready("intake")
            yield stack
        finally:
            stack.stop()


def nothing() -> None:
    """No progress is shown."""


async def test_none_is_marked_as_sent_in_a_flood(intake: Stack):
    reports = samples.read(samples.DEMO / "reports.jsonl")
    sent = await samples.send(reports, intake, nothing)
    async with create_pool(intake.postgres.url("intake"), 1) as pool:
        told = [json.loads(row["value"]) for row in await pool.fetch("select value from outbox where revision = 1")]
    assert {one["reference"] for one in told} == {one.reference for one in sent}
    assert not [one["reference"] for one in told if one["low_trust"]]
