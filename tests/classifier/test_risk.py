"""The risk picture: present, said to be absent, or unknown, each with its words, and never a number."""

import pytest

from services.classifier.domain.account import account
from services.classifier.domain.rules import Rulebook
from shared.assessment import Finding, RiskGroup, Standing
from shared.told import Answers, History, Times
from tests.builders import report

CALL = "OPERATOR: {asked}\nCALLER: {said}"


def picture(rulebook: Rulebook, text: str, **given: object) -> dict[str, Finding]:
    return {finding.id: finding for finding in account(report(text=text, **given), rulebook).risk}


def test_every_question_is_there_whatever_is_told(rulebook: Rulebook):
    found = account(report(text="Hello."), rulebook).risk
    by_group = {group: sum(finding.group is group for finding in found) for group in RiskGroup}
    assert list(by_group.values()) == [4, 11, 5, 1, 1]
    assert {finding.standing for finding in found} == {Standing.unknown}


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("four.repeated", "He follows me home every night."),
        ("four.unwanted", "She keeps sending me gifts, I told her to stop and I am scared."),
        ("four.fixated", "He follows me, he put a tracker on my car and he is outside my house every night."),
        ("sdash.frightened", "I am terrified of him, he keeps following me."),
        ("sdash.harassed_before", "He did the same to his last girlfriend."),
        ("sdash.damage", "He smashed my window and slashed my tyres."),
        ("sdash.visits", "He turns up at my house every single day."),
        ("sdash.loiters", "She hangs around outside my work."),
        ("sdash.threats", "He said he'll stab me."),
        ("sdash.third_parties", "He keeps ringing me and he is messaging my mum as well."),
        ("sdash.violence", "He punched me last week."),
        ("sdash.others_drawn_in", "He gets his mates to follow me."),
        ("sdash.drink_or_drugs", "He's always drunk when he comes round."),
        ("sdash.violent_before", "He's been inside for GBH."),
        ("vulnerable.child", "My daughter is 9, he waits for her at school."),
        ("vulnerable.old", "I am 82 and he shouts at me."),
        ("vulnerable.disabled", "I use a wheelchair and they laugh at me."),
        ("vulnerable.pregnant", "I'm 30 weeks pregnant."),
        ("vulnerable.alone", "I live alone and he knows it."),
        ("weapons", "He waved a knife at me."),
        ("escalation", "It's getting worse every week."),
    ],
)
def test_what_is_told_is_present_with_its_words(rulebook: Rulebook, question: str, text: str):
    found = picture(rulebook, text)[question]
    assert found.standing is Standing.present
    assert found.evidence
    for seen in found.evidence:
        assert text[seen.start : seen.end] == seen.quote


@pytest.mark.parametrize(
    ("question", "asked", "said"),
    [
        ("sdash.threats", "Has he threatened you at all?", "No, never"),
        ("sdash.violence", "Has he ever been violent towards you?", "no"),
        ("sdash.damage", "Has he damaged anything?", "Nah nothing like that"),
        ("sdash.drink_or_drugs", "Has he been drinking?", "no he doesn't touch it"),
        ("sdash.frightened", "Are you frightened of him?", "no just fed up"),
        ("sdash.third_parties", "Has he contacted anyone else in the family?", "no only me"),
        ("vulnerable.alone", "Are you on your own there?", "no my mum's here"),
        ("weapons", "Has he got any weapons on him?", "no"),
        ("escalation", "Is it getting worse?", "no about the same"),
    ],
)
def test_a_no_to_the_question_is_absent_and_a_question_alone_unknown(
    rulebook: Rulebook, question: str, asked: str, said: str
):
    found = picture(rulebook, CALL.format(asked=asked, said=said))[question]
    assert found.standing is Standing.absent
    assert asked.split()[-1].strip("?") in found.evidence[0].quote or said.split()[0] in found.evidence[0].quote
    assert picture(rulebook, CALL.format(asked=asked, said="what"))[question].standing is Standing.unknown


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("sdash.violence", "He has never hit me."),
        ("sdash.threats", "He has never threatened me, he just stares."),
        ("four.repeated", "He has only done it the once."),
        ("escalation", "It hasn't got any worse."),
        ("weapons", "He had no weapon."),
    ],
)
def test_what_is_said_not_to_be_so_is_absent(rulebook: Rulebook, question: str, text: str):
    assert picture(rulebook, text)[question].standing is Standing.absent


def test_what_is_told_outweighs_what_is_denied(rulebook: Rulebook):
    found = picture(rulebook, "He has never threatened me before. Tonight he said he'll stab me.")
    assert found["sdash.threats"].standing is Standing.present


def test_answers_and_earlier_reports_count_and_say_where_from(rulebook: Rulebook):
    told = picture(rulebook, "Music.", answers=Answers(times=Times.more, feeling=("scared",)))
    assert told["four.repeated"].evidence[0].origin == "answer"
    assert told["sdash.frightened"].standing is Standing.present
    linked = picture(rulebook, "A man followed me home.", history=History(reports=2))
    assert linked["four.repeated"].evidence[0].origin == "history"


def test_the_party_is_meant_and_not_the_reporter(rulebook: Rulebook):
    found = picture(rulebook, "I was drunk. I rang my mum about it. Leave me alone.")
    assert {name for name, finding in found.items() if finding.standing is not Standing.unknown} == set()


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("four.obsessive", "Somebody dumped a fridge in our lane."),
        ("four.obsessive", "My ex took the telly."),
        ("sdash.violence", "The bass from downstairs is killing my husband every night."),
        ("sdash.violence", "My tyres were slashed last night."),
        ("sdash.third_parties", "My ex came to my work four times and waits in the car park."),
        ("escalation", "They laughed at me on the escalator."),
        ("weapons", "He drew his finger across his throat at me."),
    ],
)
def test_what_is_not_told_is_not_present(rulebook: Rulebook, question: str, text: str):
    assert picture(rulebook, text)[question].standing != Standing.present
