"""All of Heard as separate processes on a real Kafka and a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest

from deploy.local import samples
from deploy.local.demo import let_everybody_in
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.process import free_port
from deploy.local.samples import Sent
from deploy.local.stack import Ports, Stack, started
from tests.infrastructure import open_folder, running

QUICK = {
    "HEARD_INTAKE_REPUBLISH_AFTER": "3",
    "HEARD_INTAKE_LINE_DEAD_AFTER": "12",
    "HEARD_ESCALATION_UNREAD_AFTER": "2",
}


@pytest.fixture(scope="package")
def stack(kafka: Kafka) -> Iterator[Stack]:
    ports = Ports(*(free_port() for _ in range(3)))
    with (
        open_folder() as folder,
        running(Postgres(folder / "postgres")) as postgres,
        started(Stack(folder, kafka.address, postgres, ports, QUICK)) as together,
    ):
        asyncio.run(let_everybody_in(together))
        yield together


Tell = Callable[..., Awaitable[Sent]]


@pytest.fixture
def tell(stack: Stack) -> Tell:
    """Tell Heard something as the public or the telephone system would, and wait for its receipt."""

    async def told(channel: str, text: str, **given: Any) -> Sent:
        report = {"channel": channel, "text": text, "place": {"postcode": "ZZ1 4AB"}} | given
        (sent,) = await samples.send([report], stack, nothing)
        await samples.await_receipts([sent], stack, 30, nothing)
        assert sent.seconds is not None, "no receipt within 30 s"
        await samples.look_up([sent], stack)
        return sent

    return told


@pytest.fixture
async def escalation(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    base = f"http://127.0.0.1:{stack.ports.escalation}"
    async with httpx.AsyncClient(base_url=base, timeout=30) as client:
        yield client


def nothing() -> None:
    """No progress is shown."""


async def eventually(happened: Callable[[], Awaitable[bool]], within: float = 30) -> None:
    """Wait until something has happened; fail by its name after `within` seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while not await happened():
        assert asyncio.get_running_loop().time() < deadline, f"{happened.__name__}: not within {within} s"
        await asyncio.sleep(0.2)
