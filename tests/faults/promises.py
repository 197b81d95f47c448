"""`make promises`: each promise broken in a copy of the code, and the test seen to fail.

`--write` writes docs/promises.md; `--only WORDS` tries those whose words hold WORDS.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

ROOT: Final = Path(__file__).resolve().parents[2]
TABLE: Final = Path(__file__).with_name("promises.toml")
PAGE: Final = ROOT / "docs" / "promises.md"
COPIED: Final = ("services", "shared", "deploy", "tests", "docs", "examples", "pyproject.toml", "README.md", "Makefile")
HEAD: Final = """# What is promised, and the test that breaks with it

Promises of the design, each beside the code that keeps it and the test that fails when that code is broken. `make
promises` breaks each in a copy, one after the other, and sees its test fail. Written by
`python -m tests.faults.promises --write` from tests/faults/promises.toml.

| no. | promise | kept by | the test that fails without it |
|---|---|---|---|
"""

console = Console()


@dataclass(frozen=True, slots=True)
class Promise:
    """`old` stands once in `file`; put `new` there, and `test` fails."""

    no: str
    words: str
    file: str
    old: str
    new: str
    test: str


def promises() -> list[Promise]:
    return [Promise(**one) for one in tomllib.loads(TABLE.read_text())["promise"]]


def main() -> None:
    arguments = argparse.ArgumentParser(prog="make promises", description=__doc__)
    arguments.add_argument("--write", action="store_true", help="write docs/promises.md, and try nothing")
    arguments.add_argument("--only", default="", metavar="WORDS")
    given = arguments.parse_args()
    if given.write:
        PAGE.write_text(page())
        return
    wanted = [one for one in promises() if given.only in one.words]
    _sound(wanted)
    kept = [one for one in wanted if not _tried(one)]
    for one in kept:
        console.print(f"[bold red]not seen to break[/]: {one.no} {one.words} ({one.test})")
    raise SystemExit(1 if kept else 0)


def page() -> str:
    return HEAD + "".join(
        f"| {one.no} | {one.words} | {one.file} | {one.test.replace('tests/', '', 1)} |\n" for one in promises()
    )


def _sound(wanted: Sequence[Promise]) -> None:
    """See that the tests hold as the code is: one that fails anyway would seem to break with its promise."""
    console.print(f"{len(wanted)} promises: their tests, as the code is")
    tests = {one.test for one in wanted}
    alone = sorted(test for test in tests if " " in test)
    together = " ".join(sorted(tests.difference(alone)))
    with _copy() as copy:
        failed = [test for test in (together, *alone) if test and _run(test, copy).returncode]
    if failed:
        raise SystemExit(f"these fail although nothing is broken: {', '.join(failed)}")


def _tried(promise: Promise) -> bool:
    """Whether the test fails with the promise broken."""
    with _copy() as copy:
        broken = copy / promise.file
        text = broken.read_text()
        if text.count(promise.old) != 1:
            raise SystemExit(f"{promise.no}: {promise.file} holds this {text.count(promise.old)} times: {promise.old}")
        broken.write_text(text.replace(promise.old, promise.new))
        why = failure(_run(promise.test, copy))
    console.print(f"{promise.no:>8} {'broken and seen' if why else 'NOT SEEN':<16} {promise.words}")
    if why:
        console.print(why, style="dim", markup=False, soft_wrap=True)
    return why is not None


@contextmanager
def _copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="heard-promise-") as name:
        copy = Path(name)
        copy.chmod(0o755)
        for part in COPIED:
            _copied(ROOT / part, copy / part)
        (copy / "deploy/kafka/target").symlink_to(ROOT / "deploy/kafka/target")
        yield copy


def _copied(part: Path, to: Path) -> None:
    if part.is_dir():
        shutil.copytree(part, to, ignore=shutil.ignore_patterns("__pycache__", "target", "screens", "node_modules"))
    else:
        shutil.copy(part, to)


def failure(done: subprocess.CompletedProcess[str]) -> str | None:
    """Where and why a test failed. None where none did: all passed, or none could be tried as the code was broken."""
    said = [line for line in done.stdout.splitlines() if line.startswith(("FAILED tests/", "ERROR tests/"))]
    return said[0] if done.returncode == 1 and said and said[0].startswith("FAILED") else None


def _run(test: str, copy: Path) -> subprocess.CompletedProcess[str]:
    """What is broken may leave things open at its end: that is not what is asked of it."""
    plainly = ["-x", "-q", "--tb=native", "-p", "no:cacheprovider", "-p", "no:unraisableexception"]
    command: Sequence[str] = [sys.executable, "-m", "pytest", *plainly, *test.split()]
    environment = os.environ | {"PYTHONPATH": str(copy), "COLUMNS": "200"}
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main()
