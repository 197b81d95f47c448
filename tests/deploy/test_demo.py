"""The demo's own command: what it starts from, and what it says where it cannot go on. No process of it is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from deploy.local import demo, process
from deploy.local.broker import Broker
from deploy.local.postgres import Postgres
from deploy.local.stack import Ports, Stack

ASKED = httpx.Request("POST", "http://127.0.0.1:8001/v1/reports")


class Runs(list[bool]):
    """Each run of the demo: whether it was to start from empty."""

    ends_by: httpx.HTTPError | None = None


@pytest.fixture
def demos(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runs:
    begun = Runs()

    @contextmanager
    def running_nowhere(folder: Path, fresh: bool) -> Iterator[tuple[Stack, Broker]]:
        begun.append(fresh)
        if begun.ends_by:
            raise begun.ends_by
        ports = Ports(*(process.free_port() for _ in range(3)))
        yield Stack(tmp_path, "nowhere:1", Postgres(tmp_path), ports), Broker(tmp_path)

    monkeypatch.setattr(demo, "_running", running_nowhere)
    return begun


def test_a_demo_starts_from_empty_and_one_that_goes_on_sends_no_copies(demos: Runs):
    sent = CliRunner().invoke(demo.app, ["--once"])
    assert (demos, sent.exit_code) == ([True], 1)
    assert "connection attempts failed: the logs are in" in sent.output
    kept = CliRunner().invoke(demo.app, ["--once", "--keep"])
    assert (demos, kept.exit_code) == ([True, False], 0)
    assert "the board" in kept.output


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.HTTPStatusError("503 for it\nmore", request=ASKED, response=httpx.Response(503)), "503 for it"),
        (httpx.ReadTimeout(""), "ReadTimeout"),
    ],
)
def test_what_intake_answers_is_said_in_one_line_and_where_the_logs_are(
    demos: Runs, tmp_path: Path, error: httpx.HTTPError, said: str
):
    demos.ends_by = error
    done = CliRunner().invoke(demo.app, ["--folder", str(tmp_path)])
    assert (done.exit_code, done.stderr) == (1, f"{said}: the logs are in {tmp_path / 'logs'}\n")
