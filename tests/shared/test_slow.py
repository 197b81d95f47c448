"""Who sends slowly: answered, or hung up on, in time; and who sends much, or waits for us, is given the time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
import websockets
from fastapi import FastAPI, Request, WebSocket
from uvicorn.server import ServerState

from shared.http import Application, create_app
from shared.slow import MORE_FOR, HeadInTime

WITHIN = 1.0  # seconds, here
HEAD = b"POST /told HTTP/1.1\r\nHost: heard\r\nContent-Length: %d\r\n\r\n"


@asynccontextmanager
async def nothing(_: FastAPI) -> AsyncIterator[None]:
    yield


async def ready() -> bool:
    return True


def told() -> Application:
    """Takes what it is told, works on it for longer than a body has to come, and says how much it was."""
    app = create_app("told", nothing, ready)
    app.body_within = WITHIN

    @app.post("/told")
    async def tell(request: Request) -> int:
        size = len(await request.body())
        await asyncio.sleep(2 * WITHIN)
        return size

    @app.post("/unread")
    async def unread() -> str:
        return "not looked at"

    @app.websocket("/line")
    async def line(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())

    return app


class Quick(HeadInTime):
    within = WITHIN


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(told(), http=Quick, log_config=None)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: Quick(config, state, {}), "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def answer(port: int, *pieces: bytes, apart: float = 0) -> str:
    """All that is answered until we are hung up on, to pieces sent so many seconds apart; a piece may be refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(apart)

    sending, said = asyncio.create_task(send()), b""
    with suppress(ConnectionResetError):
        async with asyncio.timeout(30 * WITHIN):
            while come := await reader.read(2**16):
                said += come
    sending.cancel()
    writer.close()
    return said.decode()


def drops(head: bytes) -> list[bytes]:
    return [head, *[b"x"] * 100]


async def test_a_body_that_drips_is_answered_what_to_do_and_hung_up_on(port: int):
    said = await answer(port, *drops(HEAD % 100), apart=WITHIN / 5)
    assert said.startswith("HTTP/1.1 408 ")
    assert "application/problem+json" in said
    assert "call 999" in said
    assert "connection: close" in said.lower()


async def test_a_body_that_stops_is_answered_too(port: int):
    assert (await answer(port, HEAD % 100, b"He follows me")).startswith("HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        drops(b"POST /told HTTP/1.1\r\nHost: heard\r\nX-Slow: "),
        [b"GET /livez HTTP/1.1\r\nHost: heard\r\n\r\n", *drops(b"GET /livez HT")],
        drops(HEAD.replace(b"told", b"unread") % 1000),
    ],
    ids=["nothing", "half a head", "half of a second head", "the rest of what was not looked at"],
)
async def test_a_head_that_does_not_end_is_hung_up_on(port: int, pieces: list[bytes]):
    said = await answer(port, *pieces, apart=WITHIN / 5)
    assert "HTTP/1.1 408" not in said


async def test_what_is_large_may_take_longer_if_it_comes(port: int):
    pieces = [b"x" * (MORE_FOR // 2)] * 10
    end = b"GET /livez HTTP/1.1\r\nHost: heard\r\nConnection: close\r\n\r\n"
    said = await answer(port, HEAD % len(b"".join(pieces)), *pieces, end, apart=WITHIN / 5)
    assert said.startswith("HTTP/1.1 200 ")
    assert said.endswith("alive")


async def test_a_line_that_is_open_is_not_a_head_that_does_not_end(port: int):
    async with websockets.connect(f"ws://127.0.0.1:{port}/line") as line:
        await asyncio.sleep(2 * WITHIN)
        await line.send("still here")
        assert await line.recv() == "still here"
