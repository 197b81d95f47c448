"""A demo that cannot go on says so in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from deploy.local import demo

ASKED = httpx.Request("POST", "http://127.0.0.1:8001/v1/reports")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.HTTPStatusError("503 for it\nmore", request=ASKED, response=httpx.Response(503)), "503 for it"),
        (httpx.ReadTimeout(""), "ReadTimeout"),
    ],
)
def test_what_intake_answers_is_said_in_one_line_and_where_the_logs_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: httpx.HTTPError, said: str
):
    @contextmanager
    def running(folder: Path, fresh: bool) -> Iterator[None]:
        raise error
        yield

    monkeypatch.setattr(demo, "_running", running)
    done = CliRunner().invoke(demo.app, ["--folder", str(tmp_path)])
    assert (done.exit_code, done.stderr) == (1, f"{said}: the logs are in {tmp_path / 'logs'}\n")
