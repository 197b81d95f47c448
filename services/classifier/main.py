"""Where the classifier is put together: the web application, and the worker that reads reports."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from fastapi import FastAPI

from services.classifier import consumer, handlers, rulebook
from services.classifier.consumer import Edge
from services.classifier.routers import assessments
from services.classifier.settings import Settings
from shared import http
from shared.consumer import Consumer, Turnstile
from shared.events import Lane
from shared.kafka import READERS, RECEIVED, TOPICS, Producer
from shared.worker import until_stopped

MAX_EVENT: Final = 4 * http.MAX_BODY
"""Bytes: a call of 1 MiB as an event, its words once as text and once as turns."""


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.settings, app.state.rulebook = settings, rulebook.load()
        yield

    async def ready() -> bool:
        return True

    app = http.create_app("Heard classifier", lifespan, ready, MAX_EVENT)
    app.include_router(assessments.router)
    return app


async def run_worker(settings: Settings) -> None:
    """Read reports, the urgent ones first, and publish their readings, until SIGTERM."""
    stop = asyncio.Event()
    producer = Producer(settings.kafka)
    turnstile = Turnstile()
    edge = Edge(partial(handlers.classify, rulebook=rulebook.load()), producer)
    read = partial(consumer.received, edge=edge)
    urgent, ordinary = RECEIVED[Lane.urgent], RECEIVED[Lane.ordinary]
    loops = [
        Consumer(settings.kafka, [urgent], READERS[urgent], read, producer, stop, leads=turnstile).run,
        Consumer(settings.kafka, [ordinary], READERS[ordinary], read, producer, stop, follows=turnstile).run,
    ]
    await until_stopped(stop, producer, TOPICS, loops, settings.metrics_port)
