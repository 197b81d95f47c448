"""Children that never outlive us: started in the foreground, told by the kernel when their parent dies."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.local.errors import DiskFull, PartMissing, PortInUse, StartFailed

LOOPBACK = "127.0.0.1"
ROOM_NEEDED = 300 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_given: set[int] = set()
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def free_port() -> int:
    """One that nobody has, and that was not given before: who was given it may not have taken it yet."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def require_free(port: int, part: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise PortInUse(port, part) from error


def require_room(folder: Path) -> None:
    if shutil.disk_usage(folder).free < ROOM_NEEDED:
        raise DiskFull(folder)


def require_program(name: str, remedy: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise PartMissing(f"{name} is missing: {remedy}")
    return found


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    on_parent_death: signal.Signals,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: int | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child in its own process group, so that a Ctrl-C at the terminal reaches only us.

    What it says is added to the log. The kernel watches the *thread* that calls this: call it from one that lives as
    long as the child should.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(on_parent_death))
            if os.getppid() != parent:
                os._exit(1)

    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=None if env is None else dict(env),
            cwd=cwd,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            pass_fds=keep_open,
            process_group=0,
            preexec_fn=die_with_parent,
        )


def wait_ready(
    child: subprocess.Popen[bytes], ready: Callable[[], bool], *, part: str, log: Path, timeout: float
) -> None:
    """Until `ready`; a child that ends or dawdles instead is a StartFailed with its last words."""
    deadline = time.monotonic() + timeout
    while not ready():
        if child.poll() is not None:
            raise failure(part, log, f"ended with status {child.returncode}")
        if time.monotonic() > deadline:
            stop(child, signal.SIGKILL)
            raise failure(part, log, f"was not ready within {timeout:.0f} s")
        time.sleep(0.02)


def require_alive(child: subprocess.Popen[bytes] | None, part: str, log: Path) -> None:
    """Raises a LocalError, with its last words, where a child that was ready has ended by itself."""
    if child is not None and child.poll() is not None:
        raise failure(part, log, f"ended with status {child.returncode}")


def stop(child: subprocess.Popen[bytes], how: signal.Signals, timeout: float = 20) -> None:
    """Ask, wait, then insist."""
    if child.poll() is None:
        child.send_signal(how)
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()


def failure(part: str, log: Path, what: str) -> DiskFull | StartFailed:
    """The error for a part that did not start, or ended, told by its log."""
    text = log.read_text(errors="replace") if log.exists() else ""
    if "No space left on device" in text:
        return DiskFull(log.parent)
    lines = [line for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    last_words = (fatal or lines or ["it said nothing"])[-1].strip()
    if "files are incompatible with server" in last_words:
        return StartFailed(
            f"{log.parent} is of another version of PostgreSQL: `make demo` without `--keep` begins anew."
        )
    return StartFailed(f"{part} {what}: {last_words} (the whole of it: {log})")
