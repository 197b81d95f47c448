"""The locks: hashes for everything, and no index or address, so that pip installs them from whichever it has."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock", "requirements-train.lock"])
class TestLock:
    def test_it_names_no_index_and_no_host(self, name: str):
        assert not re.search(r"://|--index|--find-links|--extra-index", (ROOT / name).read_text())

    def test_everything_is_pinned_with_a_hash(self, name: str):
        entries = (ROOT / name).read_text().replace("\\\n", " ").strip().splitlines()
        assert entries
        assert all(re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:", entry) for entry in entries)


@pytest.mark.parametrize("name", ["requirements-test.lock", "requirements-train.lock"])
def test_tests_and_training_run_what_the_demo_runs(name: str):
    assert _pins("requirements.lock").items() <= _pins(name).items()


def _pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.M))
