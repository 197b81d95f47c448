"""The barest thing that could do the work, as processes of their own: what the rows are held against.

`python -m tests.bench.barest serve PORT`: a FastAPI handler that inserts what was sent.
`python -m tests.bench.barest batches|singly FROM TO`: an aiokafka loop that writes what it reads.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from fastapi import FastAPI, Request

from shared.http import serve
from shared.kafka import MAX_MESSAGE

TABLE = "create table told (id uuid primary key, body bytea not null)"
INSERT = "insert into told values ($1, $2)"


def handler() -> FastAPI:
    """One handler, one statement, the same server and as many connections as intake has."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(os.environ["BAREST"], min_size=16, max_size=16) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/told", status_code=202)
    async def told(request: Request) -> dict[str, str]:
        kept = uuid4()
        await app.state.pool.execute(INSERT, kept, await request.body())
        return {"id": str(kept)}

    return app


async def loop(how: str, read: str, write: str) -> None:
    """With the promises that Heard makes: acknowledged by all, offsets committed after the work."""
    kafka = os.environ["HEARD_KAFKA"]
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_request_size=MAX_MESSAGE)
    consumer = AIOKafkaConsumer(
        read, bootstrap_servers=kafka, group_id=f"barest.{how}", enable_auto_commit=False, auto_offset_reset="earliest"
    )
    async with producer, consumer:
        if how == "batches":
            await _batches(consumer, producer, write)
        else:
            await _singly(consumer, producer, write)


async def _batches(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, write: str) -> None:
    while True:
        found = await consumer.getmany(timeout_ms=500, max_records=64)
        records = [record for records in found.values() for record in records]
        sent = [await producer.send(write, r.value, key=r.key, headers=list(r.headers)) for r in records]
        if sent:
            await asyncio.wait(sent)
            await consumer.commit()


async def _singly(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, write: str) -> None:
    async for record in consumer:
        await producer.send_and_wait(write, record.value, key=record.key, headers=list(record.headers))
        await consumer.commit()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", port]:
            serve(handler(), "127.0.0.1", int(port))
        case [how, read, write]:
            asyncio.run(loop(how, read, write))
