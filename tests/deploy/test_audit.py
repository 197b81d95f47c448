"""The audit of what is pinned, with a pip-audit that says what it is told to."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "audit-dependencies.sh"
FOUND = "Found 1 known vulnerability in 1 package"
AWAY = "Dependency not found on PyPI and could not be audited: one (1.0)"


@pytest.mark.parametrize(
    ("said", "status", "expected"),
    [
        ("No known vulnerabilities found", 0, 0),
        (FOUND, 1, 1),
        (f"{AWAY}\n{FOUND}", 1, 1),
        (f"{FOUND}\nConnection reset", 1, 1),
        (AWAY, 0, 0),
        ("Max retries exceeded", 1, 0),
        ("one: the hash is another", 1, 1),
    ],
)
def test_what_was_found_is_a_failure_whatever_else_could_not_be_had(
    tmp_path: Path, said: str, status: int, expected: int
):
    (tmp_path / "requirements.lock").write_text("one==1.0\ntwo==1.0\n")
    tool = tmp_path / ".venv" / "bin" / "pip-audit"
    tool.parent.mkdir(parents=True)
    tool.write_text(f"#!/bin/sh\necho '{said}'\nexit {status}\n")
    tool.chmod(0o755)
    done = subprocess.run([SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == expected
    assert (said in done.stdout) is ("nothing was audited" not in done.stdout)
