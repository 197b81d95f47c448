"""What each kind of agency is shown: who may not get in touch is given no name, number or email, wherever it stands."""

import json
from enum import EnumType
from typing import Any, Final, get_args, get_origin
from uuid import uuid4

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.escalation.domain.directory import Directory, Kind, KindRule, Sees
from services.escalation.domain.views import WITHHELD, minimised
from services.escalation.routers.agencies import ReportSeen
from shared.assessment import Assessment
from shared.codebook import Label
from shared.events import ReportClassified, ReportReceived
from shared.told import Answers, Contact, Times
from tests.builders import NOON, classified, report

JO: Final = Contact(name="Jo Marsh", phone="01632 960001", email="jo@example.org")
REACHES: Final = ("Jo Marsh", "01632 960001", "jo@example.org", "07700 900123", "jo.m@example.org")
SAID: Final = f"it is {', '.join(REACHES)} here"


def full(kind: Any) -> Any:
    """A value of this type that holds SAID in every string, however deep: so a field that is added later does too."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind(**{name: full(field.rebuild_annotation()) for name, field in kind.model_fields.items()})
    if get_origin(kind) is tuple:
        return (full(get_args(kind)[0]),)
    if isinstance(kind, EnumType):
        return next(iter(kind))
    for likely in (SAID, True, 1, NOON, NOON.date(), uuid4(), *get_args(kind)):
        try:
            return TypeAdapter(kind).validate_python(full(likely) if isinstance(likely, type) else likely, strict=True)
        except ValidationError:
            continue
    raise AssertionError(f"nothing is known of {kind}")


def everything_said() -> ReportClassified:
    """A report and a reading of it with the contact in every line that somebody may have written."""
    told = full(ReportReceived).model_copy(update={"contact": JO, "case_review_asked_at": None})
    return ReportClassified(report_id=told.report_id, report=told, assessment=full(Assessment))


def shown(event: ReportClassified, *sees: Sees) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(json.dumps(minimised(event, KindRule(kind=Kind.school, sees=sees))))
    return seen


def test_who_may_not_get_in_touch_reaches_nobody_by_any_field(directory: Directory):
    event = everything_said()
    all_but_contact = KindRule(kind=Kind.school, sees=tuple(set(Sees) - {Sees.contact}))
    rules = [rule for rule in directory.kinds if Sees.contact not in rule.sees]
    assert {rule.kind for rule in rules} == {
        Kind.environmental_health, Kind.emergency_service, Kind.case_review, Kind.school
    }  # fmt: skip
    for rule in [*rules, all_but_contact]:
        seen = json.dumps(minimised(event, rule))
        assert WITHHELD in seen
        assert not [words for words in REACHES if words in seen], rule.kind
    assert all(words in json.dumps(minimised(event, directory.rule(Kind.police))) for words in REACHES)


def test_all_that_is_shown_stands_in_the_contract(directory: Directory):
    said = everything_said()
    asked = said.report.model_copy(update={"case_review_asked_at": NOON})
    for event in (said, said.model_copy(update={"report": asked}), classified()):
        for rule in directory.kinds:
            seen = json.loads(json.dumps(minimised(event, rule)))
            read = ReportSeen.model_validate(seen)
            assert read.model_dump(mode="json", exclude_unset=True) == seen
            for part in (read, read.answers, read.application):
                assert not part or not part.model_extra


def test_whoever_reads_the_story_reads_how_not_to_get_in_touch(directory: Directory):
    words = "never ring home or 01632 960001: his stepfather answers"
    event = classified(report(contact=JO, answers=Answers(safe_contact=words)))
    told = [rule for rule in directory.kinds if Sees.story in rule.sees and Sees.contact not in rule.sees]
    assert Kind.school in {rule.kind for rule in told}
    for rule in told:
        assert minimised(event, rule)["safe_contact"] == [f"never ring home or {WITHHELD}: his stepfather answers"]
    assert "safe_contact" not in shown(event, Sees.labels)


@pytest.mark.parametrize("field", ["when", "feeling"])
def test_an_answer_keeps_all_but_what_reaches_somebody(field: str):
    said = "at 3, ask Jo Marsh on 01632 960001"
    answers = Answers(**{field: (said,) if field == "feeling" else said}, times=Times.more)
    answered = shown(classified(report(contact=JO, answers=answers)), Sees.story)["answers"]
    kept = f"at 3, ask {WITHHELD} on {WITHHELD}"
    assert (answered["times"], answered[field]) == ("more", [kept] if field == "feeling" else kept)


def test_what_the_codebook_says_is_never_taken_for_a_name():
    event = classified(report(contact=Contact(name="ASB"), text="ASB rang"), labels=(Label.asb,))
    seen = shown(event, Sees.story, Sees.labels)
    assert (seen["text"], seen["labels"]) == (f"{WITHHELD} rang", ["asb"])


@pytest.mark.parametrize(
    "number",
    [
        "01632960001",
        "(01632) 960001",
        "01632 - 960 001",
        "01632.960001",
        "+44 (0)1632 960001",
        "01632\u2013960\u00a0001",
    ],
)
def test_a_number_reaches_nobody_however_it_is_written(number: str):
    text = shown(classified(report(text=f"Ring {number}, at 9.")), Sees.story)["text"]
    assert text.startswith("Ring ")
    assert "960" not in text
    assert text.endswith(f"{WITHHELD}, at 9.")


@pytest.mark.parametrize(
    "when", ["07-03-2026 22:30", "07 03 2026 9pm", "07.03.2026 22:30", "2026-03-07 22:30", "0900 to 2230"]
)
def test_a_time_is_never_taken_for_a_number(when: str):
    assert shown(classified(report(answers=Answers(when=when))), Sees.story)["answers"]["when"] == when
