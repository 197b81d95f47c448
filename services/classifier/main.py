"""Where the classifier is put together: the web application, and the workers of the first and the second reading."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from fastapi import FastAPI

from services.classifier import consumer, errors, handlers, page, rulebook
from services.classifier.consumer import Classify, Edge
from services.classifier.routers import assessments, rulebooks
from services.classifier.settings import Settings
from shared import http
from shared.consumer import Consumer
from shared.events import Lane
from shared.kafka import READERS, RECEIVED, TOPICS, Producer
from shared.turnstile import Turnstile
from shared.worker import until_stopped

AT_ONCE: Final = 64  # reports, in a batch of the first reading: some tens of milliseconds
FEW: Final = 4
SECOND_READERS: Final = {topic: f"classifier.second.{lane}" for lane, topic in RECEIVED.items()}

MAX_EVENT: Final = 4 * http.MAX_BODY
"""Bytes: a call of 1 MiB as an event, its words once as text and once as turns."""

Read = Callable[..., Awaitable[None]]


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.settings, app.state.first, app.state.rulebook = settings, rulebook.load(), rulebook.load_second()
        app.state.page = page.html(app.state.first)
        yield

    async def ready() -> bool:
        return True

    app = http.create_app("Heard classifier", lifespan, ready, MAX_EVENT)
    app.problems = http.types_in(errors)
    app.include_router(assessments.router)
    app.include_router(rulebooks.router)
    return app


async def run_worker(settings: Settings) -> None:
    """The first reading of every report, the urgent ones first, until SIGTERM."""
    classify = partial(handlers.classify, rulebook=rulebook.load())
    await _read_all(settings, consumer.received, classify, READERS, AT_ONCE)


async def run_second_reader(settings: Settings) -> None:
    """The second reading of every report, behind the first and however far behind, until SIGTERM.

    It gives way to every other process here: it takes a fifth of a second a report, and nobody waits for it.
    """
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    classify = partial(handlers.classify, rulebook=rulebook.load_second())
    await _read_all(settings, consumer.received_again, classify, SECOND_READERS, FEW)


async def _read_all(settings: Settings, read: Read, classify: Classify, groups: Mapping[str, str], batch: int) -> None:
    stop = asyncio.Event()
    kafka = settings.kafka.get_secret_value()
    producer = Producer(kafka)
    turnstile = Turnstile()
    handle = partial(read, edge=Edge(classify, producer))
    urgent, ordinary = RECEIVED[Lane.urgent], RECEIVED[Lane.ordinary]
    reader = partial(Consumer, kafka, handle=handle, producer=producer, stop=stop, batch=batch)
    loops = [
        reader(topics=[urgent], group=groups[urgent], leads=turnstile).run,
        reader(topics=[ordinary], group=groups[ordinary], follows=turnstile).run,
    ]
    await until_stopped(stop, producer, TOPICS, loops, settings)
