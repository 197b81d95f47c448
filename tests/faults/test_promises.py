"""The table of promises is current: each change it makes still applies, each test is there, and the page says the same.

That each test fails with its promise broken is seen by `make promises`.
"""

import pytest

from tests.faults.promises import PAGE, ROOT, Promise, page, promises


@pytest.mark.parametrize("promise", promises(), ids=lambda promise: f"{promise.no} {promise.words}")
def test_it_can_be_broken(promise: Promise):
    assert (ROOT / promise.file).read_text().count(promise.old) == 1
    file, _, function = promise.test.split()[0].partition("::")
    assert f"def {function}" in (ROOT / file).read_text()


def test_the_page_is_current():
    assert PAGE.read_text() == page()
