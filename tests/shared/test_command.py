"""What `heard` says where it cannot do what was asked: a line that names what to mend, an exit code, no traceback."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from contextvars import copy_context
from pathlib import Path

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from deploy.local.samples import DIRECTORY
from services.__main__ import main

SECRET = "a secret of thirty-two characters or more"
AWAY = "postgresql://nobody:nothing@127.0.0.1:1/nowhere"
INTAKE = {"HEARD_INTAKE_DATABASE": AWAY, "HEARD_INTAKE_KAFKA": "127.0.0.1:1", "HEARD_INTAKE_SECRET": SECRET}
ESCALATION = {
    "HEARD_ESCALATION_DATABASE": AWAY,
    "HEARD_ESCALATION_GUEST_DATABASE": AWAY.replace("nobody", "guest"),
    "HEARD_ESCALATION_KAFKA": "127.0.0.1:1",
    "HEARD_ESCALATION_TOKEN_KEY": SECRET,
    "HEARD_ESCALATION_AUDIT_KEY": SECRET,
}


class Heard:
    """The command line, in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str, **environment: str) -> tuple[int, list[str]]:
        """The exit code, and the lines of complaint."""
        for name in [name for name in os.environ if name.startswith("HEARD_")]:
            self._monkeypatch.delenv(name)
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)
        self._monkeypatch.setattr(sys, "argv", ["heard", *arguments])
        self._monkeypatch.setattr(logging.root, "handlers", [])
        with pytest.raises(SystemExit) as ended:
            copy_context().run(main)
        assert isinstance(ended.value.code, int)
        return ended.value.code, self._capsys.readouterr().err.splitlines()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Heard:
    return Heard(monkeypatch, capsys)


def test_settings_that_are_missing_are_named_each_in_a_line(heard: Heard):
    code, lines = heard("audit")
    assert code == 2
    assert sorted(lines) == sorted(f"{name}: is not set" for name in INTAKE)


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("LOG_LEVEL", "debug", "Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("KEYS", "nonsense", "is not JSON, as it has to be"),
        ("KEYS", '{"telephony": "the-key-itself"}', "is not the SHA-256 of a key, in hex: printf %s KEY | sha256sum"),
        ("DATABASE", "postgres://db/intake", "write it as postgresql://user:password@host:port/database"),
        ("LANGUAGES", "[]", "Tuple should have at least 1 item"),
        ("KAFKA", "http://kafka:9092", "write Kafka's address as host:port,… or tls://name:password@host:port,…"),
        ("SECRET", f"demo-{SECRET}", "a demo credential is set outside the demo"),
    ],
)
def test_a_setting_that_is_wrong_is_named_with_what_it_has_to_be(heard: Heard, name: str, given: str, reason: str):
    code, (line,) = heard("audit", **INTAKE | {f"HEARD_INTAKE_{name}": given})
    assert code == 2
    assert line.startswith(f"HEARD_INTAKE_{name}")
    assert reason in line
    assert given not in line


def test_the_demo_login_outside_the_demo_is_named(heard: Heard):
    code, (line,) = heard("audit", "verify", **ESCALATION | {"HEARD_ESCALATION_DEMO_LOGIN": "true"})
    assert (code, line.split(":")[0]) == (2, "HEARD_ESCALATION_DEMO_LOGIN")


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit",),
        ("intake", "migrate"),
        ("escalation", "migrate"),
        ("audit", "verify"),
        ("directory", "load", str(DIRECTORY)),
        ("escalation", "client", "x", "--role", "agency", "--belongs-to", "y"),
        ("escalation", "person", "x", "--role", "agency", "--belongs-to", "y", "--name", "X"),
        ("escalation", "shut-out", "x"),
        ("escalation", "webhook", "x", "https://hooks.example"),
    ],
)
def test_a_database_that_is_away_is_said(heard: Heard, arguments: tuple[str, ...]):
    code, (line,) = heard(*arguments, **INTAKE, **ESCALATION)
    assert code == 3
    assert line.startswith("the database is away: ")


def test_a_database_that_lets_nobody_in_or_is_not_ready_is_said(heard: Heard, postgres: Postgres):
    url = postgres.create_database("not_ready")
    code, (line,) = heard("audit", **INTAKE | {"HEARD_INTAKE_DATABASE": url})
    assert (code, "heard intake migrate" in line) == (2, True)
    code, (line,) = heard("audit", **INTAKE | {"HEARD_INTAKE_DATABASE": url.replace("not_ready:", "not_ready:not-")})
    assert (code, 'password authentication failed for user "not_ready"' in line) == (2, True)


@pytest.mark.parametrize(
    ("kafka", "code", "says"),
    [("127.0.0.1:1", 3, "Kafka is away: "), ("http://kafka:9092", 2, "tls://name:password@host:port")],
)
def test_a_kafka_that_is_away_is_said(heard: Heard, kafka: str, code: int, says: str):
    ended, lines = heard("dead", "list", HEARD_KAFKA=kafka)
    assert ended == code
    assert says in lines[-1]
    assert not [line for line in lines if "Connect call failed" in line]


@pytest.mark.parametrize("arguments", [("classify",), ("evaluate",), ("directory", "load")])
def test_a_file_that_is_not_there_is_named(heard: Heard, arguments: tuple[str, ...]):
    assert heard(*arguments, "nowhere.toml", **ESCALATION) == (2, ["nowhere.toml: No such file or directory"])


def test_a_folder_of_rules_that_is_not_there_is_named(heard: Heard):
    code, lines = heard("replay", "--rulebook", "nowhere", "reports.jsonl")
    assert (code, "'nowhere' does not exist" in lines[-1]) == (2, True)


@pytest.mark.parametrize(
    ("line", "command", "says"),
    [
        ("{not json", "classify", "Expecting property name"),
        ("[1]", "classify", "has no id, text"),
        ('{"id": 1}', "classify", "has no text"),
        ('{"id": 1, "text": "x", "channel": "pigeon"}', "classify", "'pigeon' is not a valid Channel"),
        ('{"id": 1, "text": "x", "answers": {"party": 7}}', "classify", "party: Input should be"),
        ('{"id": 1, "text": "x"}', "evaluate", "has no gold"),
    ],
)
def test_a_line_that_is_no_report_is_named(heard: Heard, tmp_path: Path, line: str, command: str, says: str):
    file = tmp_path / "reports.jsonl"
    whole = (Path(__file__).parents[1] / "data" / "plain.jsonl").read_text().splitlines()[0]
    file.write_text(f"{whole}\n{line}\n")
    code, (complaint,) = heard(command, "--first", str(file))
    assert code == 2
    assert complaint.startswith(f"{file}:2: ")
    assert says in complaint


def test_no_command_needs_what_the_demo_is_made_of():
    loaded = "import sys, services.cli; print([name for name in sys.modules if name.split('.')[0] == 'deploy'])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_upgrade_that_the_database_refuses_is_said_in_a_line(heard: Heard, postgres: Postgres):
    url = postgres.create_database("no_guest")

    async def rename_the_guest() -> None:
        connection = await asyncpg.connect(postgres.url("postgres"))
        await connection.execute("alter role no_guest_guest rename to somebody_else")
        await connection.close()

    asyncio.run(rename_the_guest())
    code, lines = heard("escalation", "migrate", **ESCALATION | {"HEARD_ESCALATION_DATABASE": url})
    assert (code, "make the role no_guest_guest first" in lines[-1]) == (2, True)
    assert not [line for line in lines if "Traceback" in line]


def test_a_port_of_metrics_that_is_somebody_elses_is_said(heard: Heard):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, lines = heard("intake", "work", **INTAKE | {"HEARD_INTAKE_METRICS_PORT": port})
    assert (code, lines[-1]) == (2, "Address already in use: see to METRICS_PORT")
