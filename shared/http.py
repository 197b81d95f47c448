"""What every service's HTTP has in common: problems as RFC 9457, limits on bodies, health, metrics and a trace."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from types import FrameType, MappingProxyType, ModuleType
from typing import Any, Final

import httpx
import structlog
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import telemetry
from shared.database import DatabaseUnavailable
from shared.headers import SafeHeaders
from shared.problems import ANSWERED_BY, WITHIN_V1, problem_of
from shared.slow import BODY_WITHIN, MORE_FOR, BodyInTime, HeadInTime, TooSlow

log = structlog.get_logger()

MAX_BODY: Final = 2**20  # bytes
EMERGENCY: Final = "If you or somebody else is in danger now, call 999. Otherwise call 101, or try again in a minute."

NO_ANSWER: Final = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)
"""What httpx raises for what the other side did. It reads where a redirect leads even where it is told not to follow:
`Location: mailto:x` is an InvalidURL, `Location: http://xn--zz9/` a UnicodeError."""

Check = Callable[[], Awaitable[bool]]
TooLarge = Callable[[Request], Awaitable[Response]]


class ServiceError(Exception):
    """The root of each service's tree of errors: what went wrong, and what to do about it.

    `status` is the HTTP status, `title` the same for every such error, the message what is particular to this one,
    `type` what a program goes by: it is in the contract, so a class is not renamed.
    """

    status: HTTPStatus = HTTPStatus.INTERNAL_SERVER_ERROR
    title: str = "Something went wrong on our side"
    headers: Mapping[str, str] = MappingProxyType({})
    type: str

    def __init_subclass__(cls) -> None:
        cls.type = f"urn:heard:problem:{cls.__name__}"

    @property
    def members(self) -> Mapping[str, str]:
        """What its answer says beside a problem's own members."""
        return {}


def problem(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """An RFC 9457 answer. `detail` says what to do; `members` are further fields."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def create_app(
    title: str, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]], ready: Check, max_body: int = MAX_BODY
) -> "Application":
    """A FastAPI application with Heard's errors, limits, health, metrics and trace; routers are added to it."""
    app = Application(
        title=title,
        version="1",
        description=WITHIN_V1,
        lifespan=lifespan,
        max_body_size=max_body,
        docs_url=None,
        redoc_url=None,
        responses=dict(ANSWERED_BY),
    )
    app.too_large, app.too_slow = too_large_problem, too_slow_problem
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(DatabaseUnavailable, _unavailable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)
    _add_probes(app, ready)
    return app


class Application(FastAPI):
    """FastAPI within our outermost layers: its own limit on bodies answers in front of any middleware it is given.

    `too_large` makes that answer, and `too_slow` that of a body not whole in time (seconds, and more for a large one);
    a service that has pages for people answers those with a page. `problems` are the types that its document names.
    """

    problems: Mapping[str, str] = MappingProxyType({})
    too_large: TooLarge
    too_slow: TooSlow
    body_within = BODY_WITHIN

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document["components"]["responses"] = {"Problem": problem_of(self.problems)}
        return document

    def build_middleware_stack(self) -> ASGIApp:
        within = TooLargeIsSaid(super().build_middleware_stack(), self.too_large)
        return SafeHeaders(Trace(BodyInTime(within, self.too_slow, self.body_within)))


def types_in(errors: ModuleType) -> dict[str, str]:
    """Each type of problem, with its status and title."""
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, ServiceError)]
    return {one.type: f"{one.status:d} {one.title}" for one in kinds if one is not ServiceError and one.status >= 400}


def _add_probes(app: FastAPI, ready: Check) -> None:
    @app.get("/livez", include_in_schema=False)
    async def livez() -> Response:
        return Response("alive", media_type="text/plain")

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        if await ready():
            return Response("ready", media_type="text/plain")
        return problem(503, "Not ready", "A part that this service cannot work without is away; it is tried again.")

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _service_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    return problem(error.status, error.title, str(error), error.headers, type=error.type, **error.members)


async def _unavailable(_: Request, error: Exception) -> Response:
    log.error("database unavailable", reason=str(error))
    detail = f"It may not have been kept, so please send it again. {EMERGENCY}"
    return problem(503, "We cannot take this just now", detail, {"Retry-After": "5"})


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [{"field": _place(fault["loc"]), "message": _reason(fault)} for fault in error.errors()]
    return problem(422, "Some fields need another look", "Mend the fields named and send it again.", errors=fields)


def _place(loc: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in loc if part not in ("body", "query", "header")) or "body"


def _reason(fault: dict[str, Any]) -> str:
    """Pydantic's message, which names what is wanted and never repeats what was sent."""
    return str(fault["msg"])


TITLES: Final = {
    401: "Who are you?",
    403: "Not for you",
    404: "Nothing is here",
    405: "Not that way",
}


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Response(status_code=error.status_code)
    title = TITLES.get(error.status_code, HTTPStatus(error.status_code).phrase)
    return problem(error.status_code, title, str(error.detail), error.headers)


async def _unexpected(_: Request, error: Exception) -> Response:
    log.error("unexpected error", reason=type(error).__name__, at=telemetry.place(error))
    return problem(500, ServiceError.title, f"It has been noted. {EMERGENCY}")


class Trace:
    """Follow the caller's `traceparent`, or begin a trace; answer with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        trace = telemetry.follow(given if telemetry.is_traceparent(given) else None)

        async def with_trace(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"traceparent", trace.encode())]
            await send(message)

        await self._app(scope, receive, with_trace)


async def too_large_problem(_: Request) -> Response:
    return problem(413, "Too large", "A report may be up to 1 MiB. Shorten it, or send the rest as a second report.")


async def too_slow_problem(_: Request) -> Response:
    may = f"A request may take {BODY_WITHIN:.0f} seconds to come, and one more for every {MORE_FOR // 2**10} KiB"
    detail = f"{may}. Nothing was kept, so please send it again. {EMERGENCY}"
    return problem(408, "This took too long to reach us", detail, {"Connection": "close"})


def _unsaid(message: Message) -> bool:
    """A 413 that says nothing itself."""
    if message["type"] != "http.response.start" or message["status"] != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return False
    return (b"content-type", b"application/problem+json") not in message["headers"]


class TooLargeIsSaid:
    """Turn the plain 413 of a body over the limit into an answer that says what to do."""

    def __init__(self, app: ASGIApp, say: TooLarge) -> None:
        self._app, self._say = app, say

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        too_large = False

        async def answered(message: Message) -> None:
            nonlocal too_large
            if _unsaid(message):
                too_large = True
                await (await self._say(Request(scope)))(scope, receive, send)
            if not too_large:
                await send(message)

        await self._app(scope, receive, answered)


def serve(app: FastAPI, host: str, port: int) -> None:
    """Run until SIGTERM, then finish what is under way; streams without an end watch `app.state.stopping`."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=HeadInTime,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
        server_header=False,
    )
    Server(config, app).run()


class Server(uvicorn.Server):
    """Tells the application as soon as it is to end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        app.state.stopping = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._app.state.stopping = True
        super().handle_exit(sig, frame)
