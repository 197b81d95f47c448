"""Who sends slowly: the head of a request, and then its body, must be whole within a time, or the connection is closed.

Somebody on a poor line has time enough, and nobody holds a connection, and what was sent on it, by a byte now and then.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import h11
from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN: Final = 20.0  # seconds from connecting, or from the first byte of a later request
BODY_WITHIN: Final = 30.0  # seconds, and one more for every
MORE_FOR: Final = 8 * 2**10  # bytes that have come: what is large may take longer, if it comes

WHOLE: Final = "heard.whole"
"""In the scope of a request that came whole at once, as nearly all do: there is nothing to time."""

TooSlow = Callable[[Request], Awaitable[Response]]


class BodyInTime:
    """Ends what waits for a body that is not whole in time, and has `say` answer. Work on a whole one is not timed."""

    def __init__(self, app: ASGIApp, say: TooSlow, within: float) -> None:
        self._app, self._say, self._within = app, say, within

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if WHOLE in scope or scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(None) as limit:
                await self._app(scope, self._timed(receive, limit), send)
        except TimeoutError:
            if not limit.expired():
                raise
            await (await self._say(Request(scope)))(scope, receive, send)

    def _timed(self, receive: Receive, limit: asyncio.Timeout) -> Receive:
        left, more, now = self._within, True, asyncio.get_running_loop().time

        async def received() -> Message:
            nonlocal left, more
            if not more:
                return await receive()
            since = now()
            limit.reschedule(since + left)
            message = await receive()
            limit.reschedule(None)
            left += len(message.get("body", b"")) / MORE_FOR - (now() - since)
            more = message.get("more_body", False)
            return message

        return received


class HeadInTime(H11Protocol):
    """Hangs up where the head of a request is not whole in time: uvicorn bounds only the rest between two requests.

    After an answer the remainder of its request counts to the next one's head, with more time for what comes of it.
    """

    within = HEAD_WITHIN
    _overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait(self.within)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        cycle = self.cycle
        if cycle is not before and not cycle.more_body:
            cycle.scope[WHOLE] = True  # type: ignore[typeddict-unknown-key]
        answering = cycle is not None and not cycle.response_complete
        if answering or self.transport.get_protocol() is not self:
            self._wait_no_more()
        elif self._overdue is None:
            self._wait(self.within)
        elif self.conn.their_state is h11.SEND_BODY:
            self._wait(self._overdue.when() - self.loop.time() + len(data) / MORE_FOR)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self, seconds: float) -> None:
        self._wait_no_more()
        self._overdue = self.loop.call_later(seconds, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
