"""What a person is told who runs Heard on this machine, and what is kept for them to read."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from deploy.local import demo, process, samples
from deploy.local.broker import Broker
from deploy.local.errors import LocalError, StartFailed
from deploy.local.postgres import FAST_AND_FORGETFUL, Postgres
from deploy.local.stack import Ports, Stack
from shared.settings import DEMO_MARK
from tests.infrastructure import running

Invoked = list[Any]


def nothing() -> None:
    """No progress is shown."""


def test_the_last_words_of_what_ended_are_still_there_once_it_runs_again(tmp_path: Path):
    log = tmp_path / "a.log"
    for words in ("the reason it ended", "up again"):
        command = [sys.executable, "-c", f"print({words!r})"]
        process.spawn(command, log=log, on_parent_death=signal.SIGKILL).wait()
    assert log.read_text() == "the reason it ended\nup again\n"


def killed(part: Postgres | Broker) -> None:
    """As the kernel does where memory is short; until that is so."""
    child = part._child
    assert child is not None
    child.kill()
    child.wait()


@pytest.mark.parametrize("make", [Broker, Postgres])
def test_the_demo_ends_with_what_all_of_it_stands_on(folder: Path, make: type[Broker] | type[Postgres]):
    part = make(folder / "part")
    postgres = part if isinstance(part, Postgres) else Postgres(folder / "postgres")
    broker = part if isinstance(part, Broker) else Broker(folder / "broker")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with running(part):
        part.require_running()
        killed(part)
        try:
            with pytest.raises(LocalError, match="ended with status -9"):
                demo._stay(Stack(folder, "nowhere:1", postgres), broker)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def test_whatever_the_umask_postgresql_starts_and_finds_its_data_again(folder: Path):
    before = os.umask(0o077)
    try:
        with running(Postgres(folder / "heard" / "postgres", settings=FAST_AND_FORGETFUL)) as server:
            server.create_database("intake")
        with running(Postgres(folder / "heard" / "postgres", settings=FAST_AND_FORGETFUL)) as server:
            assert server._sql("select count(*) from pg_database where datname = 'intake'") == "1"
    finally:
        os.umask(before)


def test_what_it_refuses_is_said_in_a_line(postgres: Postgres):
    with pytest.raises(StartFailed, match=r"PostgreSQL: .*division by zero"):
        postgres._sql("select 1 / 0")


def test_a_folder_that_is_not_postgresqls_is_not_emptied(tmp_path: Path):
    (tmp_path / "a book").touch()
    Postgres(tmp_path).erase()
    assert (tmp_path / "a book").exists()


def test_the_demos_databases_have_passwords_of_the_demo(tmp_path: Path):
    assert f":{DEMO_MARK}" in Postgres(tmp_path, mark=DEMO_MARK).url("intake")


class Busy(BaseHTTPRequestHandler):
    """Too busy for the first of each kind, then it takes and knows all. `asked` has the kinds, with their keys."""

    asked: Invoked

    def do_GET(self) -> None:
        self._answer({"stage": "routed"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"reference": "H-1", "secret": "secret"})

    def _answer(self, known: dict[str, str]) -> None:
        first = self.command not in [kind for kind, _ in self.asked]
        self.asked.append((self.command, self.headers["Idempotency-Key"]))
        self.send_response(503 if first else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"title": "Too many people"} if first else known).encode())

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


async def test_an_intake_that_is_too_busy_is_told_and_asked_again(tmp_path: Path):
    Busy.asked = []
    with HTTPServer(("127.0.0.1", 0), Busy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        stack = Stack(tmp_path, "nowhere:1", Postgres(tmp_path), Ports(intake=server.server_port))
        (sent,) = await samples.send([{"channel": "web", "text": "He follows me."}], stack, nothing)
        await samples.await_receipts([sent], stack, 10, nothing)
        server.shutdown()
    (_, first), (_, second) = Busy.asked[:2]
    assert first is not None
    assert first == second
    assert sent.seconds is not None
