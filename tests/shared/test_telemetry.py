"""What is logged of an exception: its kind and where, and never its own text, which may quote a report."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROCESS = """
import asyncio, logging, sys, threading, urllib.error, urllib.request
from contextlib import asynccontextmanager

import structlog
import uvicorn
from shared.http import Server, create_app
from shared.telemetry import configure_logging
from shared.worker import _first_to_end

def fail():
    raise ValueError("He follows me")

def in_a_library():
    try:
        fail()
    except ValueError as error:
        logging.getLogger("some.library").error("It said %s", error, exc_info=True)

def in_our_own_code():
    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("went wrong")

def in_a_task():
    async def forgotten():
        fail()

    async def forget():
        asyncio.create_task(forgotten())
        await asyncio.sleep(0)

    asyncio.run(forget())

def in_a_callback():
    async def called():
        asyncio.get_running_loop().call_soon(int, "He follows me")
        await asyncio.sleep(0)

    asyncio.run(called())

def in_a_route():
    @asynccontextmanager
    async def lifespan(app):
        yield

    async def ready():
        return True

    app = create_app("told", lifespan, ready)

    @app.get("/told")
    async def told():
        fail()

    async def ask():
        server = Server(uvicorn.Config(app, port=0, log_config=None), app)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{port}/told")
        except urllib.error.HTTPError as error:
            assert error.code == 500
        server.should_exit = True
        await serving

    asyncio.run(ask())

def in_a_loop():
    async def loop():
        fail()

    stopping = asyncio.Event()

    async def work():
        await _first_to_end(asyncio.ensure_future(stopping.wait()), [asyncio.ensure_future(loop())])

    try:
        asyncio.run(work())
    except SystemExit as ended:
        assert ended.code == 1

configure_logging("told", "INFO")
globals()[sys.argv[1]]()
"""


def logged(where: str) -> tuple[str, list[dict[str, Any]]]:
    """All that a process of its own wrote, and its lines."""
    command = [sys.executable, "-c", PROCESS, where]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout + done.stderr, [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize(
    "where", ["in_a_library", "in_our_own_code", "in_a_task", "in_a_callback", "in_a_route", "in_a_loop"]
)
def test_an_exception_is_logged_by_its_kind_and_place(where: str):
    everything, lines = logged(where)
    assert "follows" not in everything
    assert lines[-1]["exception"].startswith("ValueError at ")
    assert lines[-1]["level"] == "error"


def test_it_is_logged_who_came_across_it():
    _, (line,) = logged("in_a_library")
    assert line["event"] == "unexpected error in some.library"
    assert line["exception"].endswith(" fail")
