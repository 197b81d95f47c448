"""What a reporter says later, put to what they said first: at its end, so that nothing said before is moved or lost."""

from datetime import datetime, timedelta
from typing import Final

from shared.events import ReportReceived, written_out
from shared.told import Addition, Answers, Channel, Contact, Place, Speaker, Turn

PRESSED_AGAIN: Final = timedelta(minutes=10)
"""What comes again within this, and is the same, was pressed twice: a slow line, or a database that did not answer."""


def with_more(report: ReportReceived, text: str, now: datetime) -> ReportReceived:
    """The next revision of a report with more at its end; on the phone it is the caller's next turn."""
    if report.channel is Channel.phone:
        added = Turn(speaker=Speaker.caller, text=text)
        turns, whole = (*report.turns, added), f"{report.text}\n{written_out((added,))}"
    else:
        turns, whole = report.turns, f"{report.text}\n\n{text}"
    addition = Addition(start=len(whole) - len(text), told_at=now)
    return report.model_copy(
        update={
            "revision": report.revision + 1,
            "text": whole,
            "turns": turns,
            "additions": (*report.additions, addition),
        }
    )


def added_already(report: ReportReceived, text: str, now: datetime) -> bool:
    """Whether these are the words that were added last, a moment ago."""
    if not report.additions:
        return False
    last = report.additions[-1]
    return report.text[last.start :] == text and now - last.told_at < PRESSED_AGAIN


def carried_over(before: ReportReceived, report: ReportReceived) -> ReportReceived:
    """The next revision of a call, told anew from its turns, with what its caller added to the one before."""
    added = before.turns[len(before.turns) - len(before.additions) :]
    for addition, turn in zip(before.additions, added, strict=True):
        report = with_more(report, turn.text, addition.told_at)
    kept = {"withdrawal_asked_at": before.withdrawal_asked_at, "attachments": before.attachments}
    report = report.model_copy(update={"revision": before.revision + 1, **kept})
    return _still_asking(before, report) if before.case_review_asked_at else report


def _still_asking(before: ReportReceived, report: ReportReceived) -> ReportReceived:
    """Who asked for an ASB Case Review is reached, and is, as they said then; the call knows what they did not say."""
    return report.model_copy(
        update={
            "case_review_asked_at": before.case_review_asked_at,
            "contact": _both(report.contact, before.contact),
            "answers": _safe_by_both(report.answers, before.answers.safe_contact),
            "place": _place_by_both(before.place, report.place),
        }
    )


def asked_to_withdraw(report: ReportReceived, now: datetime) -> ReportReceived:
    """The next revision of a report with the note; the first time that it was asked is the one that is kept."""
    asked = report.withdrawal_asked_at or now
    return report.model_copy(update={"revision": report.revision + 1, "withdrawal_asked_at": asked})


def withdrawal_noted(report: ReportReceived) -> bool:
    """Whether it was asked for, and nothing was told or asked since."""
    asked = report.withdrawal_asked_at
    since = [report.case_review_asked_at, *(addition.told_at for addition in report.additions)]
    return asked is not None and all(at is None or at <= asked for at in since)


def asking_for_review(
    report: ReportReceived, contact: Contact | None, safe_contact: str | None, place: Place, now: datetime
) -> ReportReceived:
    """The next revision of a report that asks for an ASB Case Review, with how to reach whoever asks, and where it is.

    What was said before of how to reach them safely still holds beside it, and of the place.
    """
    return report.model_copy(
        update={
            "revision": report.revision + 1,
            "case_review_asked_at": now,
            "contact": _both(report.contact, contact),
            "answers": _safe_by_both(report.answers, safe_contact),
            "place": _place_by_both(report.place, place),
        }
    )


def asked_already(report: ReportReceived, asking: ReportReceived, now: datetime) -> bool:
    """Whether a review was asked for a moment ago, and nothing new is said with asking for it again."""
    asked = report.case_review_asked_at
    same = asking.model_copy(update={"revision": report.revision, "case_review_asked_at": asked}) == report
    return same and asked is not None and now - asked < PRESSED_AGAIN


def _both(before: Contact | None, now: Contact | None) -> Contact | None:
    """A later name, number or address in place of the same, and the others as they were."""
    if before is None or now is None:
        return now or before
    return before.model_copy(update=now.model_dump(exclude_none=True))


def _safe_by_both(answers: Answers, now: str | None) -> Answers:
    return answers.model_copy(update={"safe_contact": _by_both(answers.safe_contact, now)})


def _place_by_both(before: Place, now: Place) -> Place:
    """A later postcode in place of the first, which may be a slip of the pen."""
    return Place(postcode=now.postcode or before.postcode, words=_by_both(before.words, now.words))


def _by_both(before: str | None, now: str | None) -> str | None:
    if not (before and now):
        return now or before
    return before if now in before else now if before in now else f"{before} {now}"
