"""The largest report that intake takes is still one message when its reading holds it whole."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import accumulate, takewhile
from uuid import uuid4

import pytest

from services.classifier.domain.rules import Rulebook
from services.classifier.handlers import classify
from services.classifier.rulebook import load, load_second
from services.intake.domain.likeness import LONGEST
from services.intake.domain.reports import MAX_REPORT, fits
from services.intake.handlers.households import SHOWN
from shared.cloudevents import encode
from shared.events import ReportClassified, ReportReceived
from shared.kafka import CLASSIFIED, MAX_VALUE
from shared.telemetry import new_traceparent
from shared.told import Answers, History, Link, LinkReason
from tests.builders import NOON, report

GAP = "\x01"
"""A blank to the rules; six bytes where it is quoted."""


def size(read: ReportClassified) -> int:
    return len(encode(read, CLASSIFIED[read.report.lane], "classifier", NOON, new_traceparent()).value)


def hits(book: Rulebook, gap: str) -> Iterator[str]:
    """Words for every rule, so that each is quoted, three times over."""
    return (hit.replace(" ", gap) + ". " for _ in range(3) for rule in book.rules for hit in rule.hits[:1])


def filled(text: str, **given: object) -> ReportReceived:
    """A report with so much before its words as there is room for."""
    room = MAX_REPORT - len(report(text=text, **given).model_dump_json().encode())
    return report(text=GAP * (room // len("\\u0001")) + text, **given)


def told_before() -> History:
    """The longest that intake gives."""
    words = tuple("\U0001d4d0" * LONGEST for _ in range(SHOWN))
    links = tuple(
        Link(report_id=uuid4(), reference="H-4K7QX-9M2TB", received_at=NOON, reasons=tuple(LinkReason), words=words)
        for _ in range(20)
    )
    references = tuple(link.reference for link in links)
    return History(reports=9_999, first_at=NOON, last_at=NOON, references=references, links=links)


@pytest.mark.parametrize("load_book", [load, load_second])
@pytest.mark.parametrize("gap", [" ", GAP * 600, GAP * 20_000])
def test_the_largest_report_is_one_message_with_its_reading(load_book, gap: str):  # type: ignore[no-untyped-def]
    book = load_book()
    sizes = accumulate(len(hit) * 6 for hit in hits(book, gap))
    told_of = takewhile(lambda one: one[1] < MAX_REPORT - 2**16, zip(hits(book, gap), sizes, strict=True))
    answers = Answers(safe_contact=GAP * 5_000, feeling=(GAP,), reported_before=3, happening_now=True)
    told = filled("".join(hit for hit, _ in told_of), answers=answers)
    assert fits(told)
    assert not fits(told.model_copy(update={"text": told.text + GAP}))
    changed = {"history": told_before(), "withdrawal_asked_at": NOON, "case_review_asked_at": NOON + timedelta(days=1)}
    read = classify(told.model_copy(update=changed), book)
    assert read.assessment is not None
    assert read.assessment.evidence
    assert size(read) <= MAX_VALUE
