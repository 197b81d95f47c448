"""Where intake is put together: the web application, and the worker that publishes and hears the receipts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
from fastapi import FastAPI

from services.intake import consumer, errors
from services.intake.catalogue import catalogue
from services.intake.domain.households import Keyring
from services.intake.gauges import open_reports
from services.intake.guidance import local_names
from services.intake.handlers.calls import Switchboard
from services.intake.handlers.dead_lines import keep_dropping
from services.intake.handlers.drafts import keep_forgetting
from services.intake.handlers.partners import Partners
from services.intake.handlers.together import Together
from services.intake.repository.reports import await_receipt
from services.intake.republisher import Republisher
from services.intake.routers import (
    calls,
    desk,
    evidence,
    form,
    form_end,
    form_evidence,
    form_status,
    information,
    leaving,
    open311,
    reports,
    transcripts,
)
from services.intake.routers.faults import speak_to_people
from services.intake.routers.floods import Floods
from services.intake.routers.pages import HERE
from services.intake.routers.places import TIMES_INSIDE, Door, OneOfThePlaces, Places
from services.intake.settings import MIGRATIONS, Settings
from shared import http
from shared.clock import Clock
from shared.consumer import Consumer
from shared.database import create_pool, is_current
from shared.headers import Static
from shared.kafka import DISPUTED, PROGRESSED, ROUTED, TOPICS, Producer
from shared.outbox import Bell
from shared.relay import Relay
from shared.screen import screen
from shared.worker import Loop, beside, until_current, until_stopped


def create_app(settings: Settings) -> FastAPI:
    """Raises AskedWrongly for a language or a directory that no page could be made with."""
    for language in settings.languages:
        catalogue(language)
    local_names(settings.directory)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        screen("")  # its patterns are made ready before anybody waits for them
        async with create_pool(settings.database.get_secret_value(), settings.connections) as pool:
            app.state.settings, app.state.pool, app.state.bell = settings, pool, Bell(pool)
            app.state.ring, app.state.http = keyring(settings), httpx.AsyncClient()
            app.state.floods, app.state.places = Floods(settings), Places(settings.at_once)
            app.state.together = Together(pool, app.state.bell, app.state.ring)
            app.state.partners, app.state.clock = Partners(pool), Clock(pool)
            async with beside(app.state.bell.run, app.state.clock.run, app.state.partners.run):
                yield
            await app.state.http.aclose()

    async def ready() -> bool:
        return await is_current(app.state.pool, MIGRATIONS)

    app = http.create_app("Heard intake", lifespan, ready)
    app.problems = http.types_in(errors)
    for programs in (reports, transcripts, open311):
        app.include_router(programs.router, dependencies=[OneOfThePlaces])
    for staff in (calls.router, transcripts.reading, desk.router, evidence.router):
        app.include_router(staff)
    app.include_router(leaving.router)
    app.include_router(leaving.router, prefix="/with/{partner}")
    for pages in (information, form_end, form_evidence, form_status, form):
        app.include_router(pages.router, dependencies=[OneOfThePlaces])
        app.include_router(pages.router, prefix="/with/{partner}", dependencies=[OneOfThePlaces])
    app.mount("/static", Static(directory=HERE / "static"))
    app.add_middleware(Door, many=TIMES_INSIDE * settings.at_once)
    speak_to_people(app)
    return app


def keyring(settings: Settings) -> Keyring:
    """The keys that reporters' secrets and households are known by."""
    households = {key_id: key.get_secret_value() for key_id, key in settings.household_keys.items()}
    return Keyring.of(settings.secrets, households)


async def run_worker(settings: Settings) -> None:
    """All that goes on beside the requests, until SIGTERM.

    Publish what was accepted, again without a receipt; record receipts and progress; part what was disputed; end dead
    lines; forget drafts; count what is open.
    """
    stop = asyncio.Event()
    kafka = settings.kafka.get_secret_value()
    producer = Producer(kafka)
    async with create_pool(settings.database.get_secret_value(), settings.connections) as pool:
        settle = partial(await_receipt, seconds=settings.republish_after)
        relay = Relay(pool, producer, settle, stop)
        again = Republisher(relay, kafka, settings.republish_batch, settings.republish_after, stop)
        bell, clock = Bell(pool), Clock(pool)
        hear = partial(consumer.receipts, pool=pool, bell=bell)
        receipts = Consumer(kafka, [ROUTED], "intake.receipts", hear, producer, stop, batch=500)
        part = partial(consumer.disputes, pool=pool, bell=bell, clock=clock)
        disputes = Consumer(kafka, [DISPUTED], "intake.disputes", part, producer, stop, batch=50)
        board = Switchboard(pool, bell, keyring(settings), None)
        dead_lines = partial(keep_dropping, board, settings.line_dead_after, clock, stop)
        learn = partial(consumer.progress, pool=pool)
        progress = Consumer(kafka, [PROGRESSED], "intake.progress", learn, producer, stop, batch=500)
        loops: list[Loop] = [
            relay.run,
            again.run,
            receipts.run,
            disputes.run,
            progress.run,
            dead_lines,
            partial(keep_forgetting, pool, clock, stop),
            open_reports(pool, stop).run,
        ]
        async with beside(bell.run, clock.run):
            await until_stopped(stop, producer, TOPICS, loops, settings, partial(until_current, pool, MIGRATIONS, stop))
