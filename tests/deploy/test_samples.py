"""The demo's sample reports, at an intake as the demo runs it."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import samples
from deploy.local.postgres import FAST_AND_FORGETFUL, Postgres
from deploy.local.process import free_port
from deploy.local.samples import Sent
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


async def test_a_service_that_is_busy_is_asked_again(folder: Path):
    answers = iter([b"503 Busy\r\n\r\n{}", b'200 OK\r\n\r\n{"stage": "routed"}'])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + next(answers))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        stack = Stack(folder, "", Postgres(folder), Ports(intake=server.sockets[0].getsockname()[1]))
        sent = Sent("AAAA", "a secret", "web", time.monotonic())
        await samples.await_receipts([sent], stack, 10, nothing)
    assert sent.seconds is not None
