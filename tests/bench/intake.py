"""Taking a report: one process of intake against the barest handler that inserts the same bytes."""

import asyncio
from typing import Final

import asyncpg

from deploy.local import process
from tests.bench import telling
from tests.bench.barest import TABLE
from tests.bench.figures import Found, Row, Say, Scale
from tests.bench.load import Run, post, sent
from tests.bench.world import Used, World, said, world

AT_ONCE: Final = 32  # connections
WARMING: Final = 300  # reports


def measured(scale: Scale, say: Say) -> Found:
    bodies = telling.bodies(telling.calm(scale.posts + WARMING))
    with world() as here:
        say("the barest handler")
        barest, _ = _barest(here, bodies)
        say("intake")
        here.run(("intake", "serve"))
        ours, cores = _posted(here, here.stack.ports.intake, "/v1/reports", bodies, here.pid("intake", "serve"))
    bound = f"its own Python: {said(cores)}. p99 {ours.percentile(0.99) * 1000:.0f} ms, "
    bound += f"the barest {barest.percentile(0.99) * 1000:.0f} ms, {AT_ONCE} at once"
    return Found(
        rows=[Row("intake, one process", "reports/s", ours.rate, "the barest handler", barest.rate, 0.6, bound)],
    )


def _barest(here: World, bodies: list[dict[str, object]]) -> tuple[Run, dict[str, float]]:
    url, port = here.postgres.create_database("barest"), process.free_port()
    asyncio.run(_make_table(url))
    child = here.beside("tests.bench.barest", "serve", str(port), BAREST=url)
    log = here.folder / "beside-0.log"
    process.wait_ready(child, lambda: process.listens(port), part="the barest handler", log=log, timeout=30)
    found = _posted(here, port, "/told", bodies, child.pid)
    here.end(child)
    return found


async def _make_table(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(TABLE)
    await connection.close()


def _posted(
    here: World, port: int, path: str, bodies: list[dict[str, object]], pid: int
) -> tuple[Run, dict[str, float]]:
    requests = [post(path, body) for body in bodies]
    asyncio.run(sent(port, requests[:WARMING], AT_ONCE))
    used = Used({"the process": pid, "PostgreSQL": here.postgres.pid})
    run = asyncio.run(sent(port, requests[WARMING:], AT_ONCE))
    return run, used.cores()
