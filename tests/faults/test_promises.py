"""The table of promises is current: each change it makes still applies, each test is there, and the page says the same.

That each test fails with its promise broken is seen by `make promises`.
"""

from subprocess import CompletedProcess

import pytest

from tests.faults.promises import PAGE, ROOT, Promise, failure, page, promises


@pytest.mark.parametrize("promise", promises(), ids=lambda promise: f"{promise.no} {promise.words}")
def test_it_can_be_broken(promise: Promise):
    assert (ROOT / promise.file).read_text().count(promise.old) == 1
    file, _, function = promise.test.split()[0].partition("::")
    assert f"def {function}" in (ROOT / file).read_text()


@pytest.mark.parametrize(
    ("code", "said", "seen"),
    [
        (1, "FAILED tests/t.py::test_it - assert 1 == 2", True),
        (1, "ERROR tests/t.py::test_it - NameError", False),  # nothing to try it on
        (2, "ERROR tests/t.py - SyntaxError", False),  # no such code
        (4, "", False),  # no such test
        (0, "", False),
    ],
)
def test_it_is_seen_to_break_where_its_test_fails_and_nothing_else_does(code: int, said: str, seen: bool):
    assert (failure(CompletedProcess([], code, f"E   any\n{said}\n")) is not None) is seen


def test_the_page_is_current():
    assert PAGE.read_text() == page()
