"""Where escalation is put together: the web application, and the worker that opens cases and gives receipts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final

import httpx
from fastapi import FastAPI

from services.escalation import consumer, errors, pages
from services.escalation.consumer import Edge
from services.escalation.coverage import Coverage
from services.escalation.gauges import what_waits
from services.escalation.handlers import alerts, attendance, audit, webhooks
from services.escalation.handlers.arrivals import Arrivals
from services.escalation.live import Watch
from services.escalation.openid import Provider
from services.escalation.outward import Outward, create_client
from services.escalation.rates import Rates
from services.escalation.routers import (
    agencies,
    audit_pages,
    board,
    case_pages,
    case_reviews,
    leases,
    oauth,
    people_pages,
    portal,
    queue,
    sign_in,
    supervisor,
    work,
)
from services.escalation.routers import webhooks as webhook
from services.escalation.routers.dependencies import KeepableOnly
from services.escalation.routers.faults import speak_to_people
from services.escalation.rules_in_force import RulesInForce
from services.escalation.settings import MIGRATIONS, Settings
from shared import http
from shared.clock import Clock
from shared.consumer import Consumer
from shared.database import Pool, create_pool, is_current, is_there
from shared.events import Lane
from shared.kafka import AMENDED, CLASSIFIED, DEAD, ERASED, GIVEN, LINKED, READERS, RECEIVED, TOPICS, Producer
from shared.outbox import Bell
from shared.relay import Relay, delete_sent
from shared.screen import screen
from shared.turnstile import Turnstile
from shared.worker import Loop, beside, until_current, until_stopped

AT_ONCE: Final = 100
"""Reports in one transaction: enough for its cost to be shared, few enough for a threat not to wait behind them."""


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            create_pool(settings.database.get_secret_value(), settings.connections) as pool,
            create_pool(settings.guest_database.get_secret_value(), settings.connections) as guests,
            httpx.AsyncClient(timeout=10) as outside,
            coverage(settings, pool) as districts,
        ):
            app.state.provider = Provider(settings, outside) if settings.openid_issuer else None
            app.state.settings, app.state.pool, app.state.guests = settings, pool, guests
            app.state.bell, app.state.clock = Bell(pool), Clock(pool)
            app.state.rules = RulesInForce(pool, districts)
            app.state.watch, app.state.boards = Watch(pool), {}
            app.state.arrivals, app.state.rates = Arrivals(pool), Rates(settings.requests_a_minute)
            state = app.state
            async with beside(state.bell.run, state.watch.run, state.arrivals.run, state.clock.run):
                yield

    async def ready() -> bool:
        return await is_current(app.state.pool, MIGRATIONS) and await is_there(app.state.guests)

    app = http.create_app("Heard escalation", lifespan, ready)
    app.problems = http.types_in(errors)
    programs = (oauth, queue, leases, work, agencies, case_reviews)
    people = (sign_in, board, case_pages, supervisor, audit_pages, people_pages, portal)
    for routes in (*programs, *people):
        app.include_router(routes.router, dependencies=[KeepableOnly])
    app.webhooks.add_api_route(webhook.NAME, webhook.delivered, methods=["POST"], **webhook.ANSWERED)
    app.mount("/static", pages.static)
    speak_to_people(app)
    return app


@asynccontextmanager
async def coverage(settings: Settings, pool: Pool) -> AsyncIterator[Coverage | None]:
    """The postcode service, where one is configured."""
    if settings.postcodes is None:
        yield None
        return
    async with httpx.AsyncClient(base_url=settings.postcodes, limits=httpx.Limits(max_connections=10)) as client:
        yield Coverage(client, pool)


async def run_worker(settings: Settings) -> None:
    """Open cases, put unread threats on the queue, take in what was set aside, send receipts, until SIGTERM."""
    stop = asyncio.Event()
    kafka = settings.kafka.get_secret_value()
    producer = Producer(kafka)
    screen("")  # its patterns are made ready before a case is locked for them
    async with (
        create_pool(settings.database.get_secret_value(), settings.connections) as pool,
        coverage(settings, pool) as districts,
        create_client() as hooks,
    ):
        rules = RulesInForce(pool, districts)
        clock = Clock(pool)
        edge = Edge(pool, Bell(pool), rules, timedelta(seconds=settings.unread_after), clock)
        turnstile = Turnstile()
        read_by = partial(Consumer, kafka, producer=producer, stop=stop)
        classified = partial(consumer.classified, edge=edge)
        urgent, ordinary = CLASSIFIED[Lane.urgent], CLASSIFIED[Lane.ordinary]
        loops: list[Loop] = [
            read_by([urgent], READERS[urgent], classified, batch=AT_ONCE, leads=turnstile).run,
            read_by([ordinary], READERS[ordinary], classified, batch=AT_ONCE, follows=turnstile).run,
            read_by([RECEIVED[Lane.urgent]], "escalation.unread", partial(consumer.received_urgent, edge=edge)).run,
            read_by([ERASED], READERS[ERASED], partial(consumer.erased, edge=edge)).run,
            read_by([LINKED, AMENDED], "escalation.notices", partial(consumer.told, edge=edge)).run,
            read_by([GIVEN], "escalation.files", partial(consumer.files_given, edge=edge)).run,
            read_by([DEAD], "escalation.dead", partial(consumer.dead, edge=edge)).run,
            Relay(pool, producer, delete_sent, stop).run,
            partial(audit.keep_sealing, pool, settings.audit_key.get_secret_value(), stop),
            partial(alerts.keep_watch, pool, clock, stop),
            partial(attendance.keep_looking, pool, edge.bell, rules.covering, clock, stop),
            partial(webhooks.keep_telling, pool, Outward(hooks, settings.webhook_networks), clock, stop),
            what_waits(pool, stop).run,
        ]
        async with beside(edge.bell.run, clock.run):
            await until_stopped(stop, producer, TOPICS, loops, settings, partial(until_current, pool, MIGRATIONS, stop))
