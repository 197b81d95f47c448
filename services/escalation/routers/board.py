"""The board: a page that stays live, and the stream that it lives by."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.escalation.domain.board import Stamp
from services.escalation.domain.local import local
from services.escalation.domain.words import QUEUES
from services.escalation.handlers import people
from services.escalation.handlers.board import Board, Standing
from services.escalation.live import Watch
from services.escalation.pages import page, render
from services.escalation.routers.dependencies import COOKIE, Now, OurPagesOnly, PoolDep, WorkerDep
from shared.clock import Clock
from shared.database import DatabaseUnavailable

router = APIRouter(prefix="/board", dependencies=[OurPagesOnly], include_in_schema=False)

TICK: Final = 5.0  # seconds; a page that hears nothing for three of them knows that it is cut off
STILL_WELCOME: Final = 15.0  # seconds between looks at whether the session still is
NEARLY_OVER: Final = timedelta(minutes=15)
"""How long before a session ends its page says so."""


async def _board(request: Request, person: WorkerDep) -> Board:
    boards: dict[str, Board] = request.app.state.boards
    return boards.setdefault(person.belongs_to, Board(person.belongs_to))


BoardDep = Annotated[Board, Depends(_board)]


@router.get("")
async def board(request: Request, person: WorkerDep, standing: BoardDep, pool: PoolDep, now: Now) -> Response:
    found = await standing.standing(pool, now)
    return page(request, "board.html", person, standing=found, queues=QUEUES, now=now)


@dataclass
class Page:
    """What one open page has been told, so that it is sent only what it lacks."""

    stamps: dict[UUID, Stamp] = field(default_factory=dict)
    order: list[str] | None = None
    alerts: str | None = None

    def news(self, standing: Standing) -> dict[str, Any] | None:
        """Lines new to the page, and the order of all; None where it has everything."""
        order = [str(line.report_id) for line in standing.lines]
        fresh = [line for line in standing.lines if self.stamps.get(line.report_id) != line.stamp]
        alerts = render("alerts.html", alerts=standing.alerts)
        if order == self.order and not fresh and alerts == self.alerts:
            return None
        self.stamps = {line.report_id: line.stamp for line in standing.lines}
        self.order, self.alerts = order, alerts
        lines = {str(line.report_id): render("line.html", line=line) for line in fresh}
        return {"order": order, "lines": lines, "more": standing.more, "alerts": alerts}


@router.get("/stream", response_class=EventSourceResponse)
async def stream(request: Request, person: WorkerDep, board: BoardDep, pool: PoolDep) -> AsyncIterator[ServerSentEvent]:
    """Everything at first, then what changes: a page that was cut off has missed nothing once it is back."""
    watch: Watch = request.app.state.watch
    clock: Clock = request.app.state.clock
    told, ticked, welcomed = Page(), -inf, -inf
    while not getattr(request.app.state, "stopping", False):
        moment = watch.moment
        try:
            standing = await board.standing(pool, clock.now())
        except DatabaseUnavailable:
            return  # the page sees that it is cut off, and comes back
        if news := told.news(standing):
            yield ServerSentEvent(data=news, event="queue", retry=1000)
        if time.monotonic() - welcomed > STILL_WELCOME:
            if (found := await people.ends_at(person, request.cookies.get(COOKIE, ""), pool, clock.now())) is None:
                yield ServerSentEvent(data={}, event="signed-out")
                return
            welcomed, ends = time.monotonic(), found
        if time.monotonic() - ticked > TICK:
            ticked, now = time.monotonic(), clock.now()
            soon = local(ends, "%H:%M %Z") if ends - now < NEARLY_OVER else ""
            yield ServerSentEvent(data={"now": now.isoformat(), "ends": soon}, event="tick")
        await watch.after(moment)
        await asyncio.sleep(SETTLE)


SETTLE: Final = 0.1  # seconds, in which what belongs together arrives together
