"""What every answer carries: kept by nobody, sniffed by nobody, framed by nobody unless the page says so."""

from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",  # `no-referrer` would make the Origin of our own forms `null`
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

_WRITTEN: Final = tuple((name.lower().encode(), value.encode()) for name, value in SAFE.items())


class SafeHeaders:
    """Adds SAFE to every answer; what a route has set itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                safe = ((name, value) for name, value in _WRITTEN if name not in given)
                message["headers"] = [*message["headers"], *safe]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class Static(StaticFiles):
    """Styles and scripts, which a browser may keep but asks after: they go with the pages of the same version."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "no-cache"
        return answer
