"""All of Heard on one machine: PostgreSQL, a broker, and the services as separate processes, HTTP and worker.

The demo and the end-to-end tests stand on it. Whatever is killed is not started again here: `Stack.watch` does that.
"""

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local import process
from deploy.local.errors import StartFailed
from deploy.local.postgres import Postgres
from shared.security import sha256
from shared.settings import DEMO_MARK

ROOT: Final = Path(__file__).resolve().parents[2]
DATABASES: Final = ("intake", "escalation")
SERVICES: Final = ("intake", "classifier", "escalation")
PROCESSES: Final = (*((service, role) for service in SERVICES for role in ("serve", "work")), ("classifier", "reread"))
TELEPHONY: Final = "control-room-telephony"
LIVE_READINGS: Final = "live-readings"
"""Intake's key at the classifier."""


@dataclass(frozen=True)
class Ports:
    """Where each service's HTTP listens."""

    intake: int = 8001
    classifier: int = 8002
    escalation: int = 8003

    def of(self, service: str) -> int:
        port: int = getattr(self, service)
        return port


class Secrets:
    """Made once for a folder, kept there for its owner's eyes alone, and marked as the demo's."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}

    def of(self, name: str) -> str:
        if name not in self._kept:
            self._kept[name] = DEMO_MARK + secrets.token_urlsafe(32)
            self._file.touch(mode=0o600)
            self._file.write_text(json.dumps(self._kept, indent=1))
        return self._kept[name]


@dataclass
class Stack:
    """One run over one folder. `settings` are environment variables on top of the usual ones."""

    folder: Path
    kafka: str
    postgres: Postgres
    ports: Ports = field(default_factory=Ports)
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.secrets = Secrets(self.folder / "secrets.json")
        self.children: dict[tuple[str, str], subprocess.Popen[bytes]] = {}

    def prepare(self) -> None:
        """Databases, made and brought up to date."""
        for name in DATABASES:
            self.postgres.create_database(name)
            self.heard(name, "migrate")

    def start(self) -> None:
        """Every service, HTTP and worker, and each HTTP answering. Raises a LocalError otherwise."""
        for service in SERVICES:
            process.require_free(self.ports.of(service), service)
        for service, role in PROCESSES:
            self.log(service, role).unlink(missing_ok=True)
            self.run(service, role)
        for service in SERVICES:
            self.await_ready(service)

    def run(self, service: str, role: str) -> None:
        """Start one process."""
        self.children[service, role] = process.spawn(
            [sys.executable, "-m", "services", service, role],
            log=self.log(service, role),
            on_parent_death=signal.SIGTERM,
            env=self.environment(),
            cwd=ROOT,
        )

    def await_ready(self, service: str) -> None:
        port = self.ports.of(service)
        child = self.children[service, "serve"]
        log = self.log(service, "serve")
        process.wait_ready(child, lambda: _answers(port), part=service, log=log, timeout=60)

    def log(self, service: str, role: str) -> Path:
        logs = self.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        return logs / f"{service}-{role}.log"

    def kill(self, service: str, role: str, how: signal.Signals = signal.SIGKILL) -> None:
        process.stop(self.children.pop((service, role)), how)

    def watch(self) -> list[tuple[str, str]]:
        """Start again whatever ended by itself; returns what did."""
        ended = [which for which, child in self.children.items() if child.poll() is not None]
        for service, role in ended:
            self.run(service, role)
        return ended

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Tell all to finish what is in hand, or to end at once (SIGKILL), then see that they do."""
        for child in self.children.values():
            if child.poll() is None:
                child.send_signal(how)
        for child in self.children.values():
            process.stop(child, how)
        self.children.clear()

    def heard(self, *arguments: str, **extra: str) -> str:
        """Run one `heard` command to its end and return what it printed."""
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "services", *arguments],
            env=self.environment() | extra,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise StartFailed(f"heard {' '.join(arguments)} failed: {''.join(last)}")
        return done.stdout

    def environment(self) -> dict[str, str]:
        """What the services are told; nothing but the path is taken from ours."""
        of = self.secrets.of
        own = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "HEARD_KAFKA": self.kafka,
            "HEARD_INTAKE_DATABASE": self.postgres.url("intake"),
            "HEARD_INTAKE_SECRET": of("reporters"),
            "HEARD_INTAKE_KEYS": json.dumps({TELEPHONY: sha256(of(TELEPHONY))}),
            "HEARD_INTAKE_CLASSIFIER_URL": f"http://{process.LOOPBACK}:{self.ports.classifier}",
            "HEARD_INTAKE_CLASSIFIER_KEY": of(LIVE_READINGS),
            "HEARD_CLASSIFIER_KEYS": json.dumps({"intake": sha256(of(LIVE_READINGS))}),
            "HEARD_INTAKE_DIRECTORY": str(ROOT / "deploy" / "demo" / "directory.toml"),
            "HEARD_ESCALATION_DATABASE": self.postgres.url("escalation"),
            "HEARD_ESCALATION_GUEST_DATABASE": self.postgres.guest_url("escalation"),
            "HEARD_ESCALATION_TOKEN_KEY": of("tokens"),
            "HEARD_ESCALATION_AUDIT_KEY": of("audit"),
            "HEARD_ESCALATION_DEMO_LOGIN": "true",
        }
        for service in SERVICES:
            prefix = f"HEARD_{service.upper()}_"
            own |= {f"{prefix}ENVIRONMENT": "demo", f"{prefix}KAFKA": self.kafka}
            own[f"{prefix}PORT"] = str(self.ports.of(service))
        return own | dict(self.settings)


@contextmanager
def started(stack: Stack) -> Iterator[Stack]:
    try:
        stack.prepare()
        stack.start()
        yield stack
    finally:
        stack.stop()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(process.LOOPBACK, port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
