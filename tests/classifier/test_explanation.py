"""Why: careful words for the reporter from their own report alone; rules, facts, spans and links for staff."""

import re
from dataclasses import replace

import numpy as np
import pytest

from services.classifier.domain.account import account
from services.classifier.domain.assess import judge, see
from services.classifier.domain.explanation import SUPPOSED, explain
from services.classifier.domain.rules import Rulebook
from services.classifier.rulebook import load_second
from shared.assessment import Assessment
from shared.codebook import DangerClass
from shared.told import Answers, History, Times
from tests.builders import report

STALKED = "My ex follows me home every night and he put a tracker on my car. I told him to stop. I'm terrified."
FOLLOWED_ONCE = "A man I don't know followed me home from the bus last night."


def explained(rulebook: Rulebook, text: str, **given: object) -> Assessment:
    return account(report(text=text, **given), rulebook)


def reporter(assessment: Assessment) -> str:
    assert assessment.explanation
    return "\n".join(assessment.explanation.reporter)


def staff(assessment: Assessment) -> str:
    assert assessment.explanation
    return "\n".join(assessment.explanation.staff)


def test_the_reporter_is_told_what_it_may_be_which_guidance_says_so_and_what_happens_next(rulebook: Rulebook):
    said = reporter(explained(rulebook, STALKED))
    assert "we think this may be stalking, and also harassment" in said
    assert "Police guidance: it's stalking if" in said
    assert "somebody was followed" in said
    assert "it has happened more than once" in said
    assert "one person is being sought out" in said
    assert "What happens next: a person will read" in said
    assert "call 999" in said


def test_a_report_of_one_event_is_told_what_it_may_be_and_what_was_missing(rulebook: Rulebook):
    said = reporter(explained(rulebook, FOLLOWED_ONCE))
    assert "may be anti-social behaviour, a hate crime or another offence" in said
    assert "if it has happened before, this may be stalking" in said


@pytest.mark.parametrize(
    "text", [STALKED, FOLLOWED_ONCE, "Music until four, every night.", "Thanks for your help.", "дом"]
)
def test_careful_words_only(rulebook: Rulebook, text: str):
    said = reporter(explained(rulebook, text))
    assert re.search(r"\bmay be\b", said)
    assert not re.search(r"\b(is guilty|has committed|you are a victim of|this is (?:stalking|harassment)\.)", said)
    assert not re.search(r"\b(?:[SHOA]\d|F\d+|L\d|score|class \d|rulebook)\b", said)


def test_a_letter_through_the_door_is_not_told_as_online(rulebook: Rulebook):
    said = reporter(explained(rulebook, "She posts abusive letters through my door every week. I am scared."))
    assert "social media" not in said
    assert "online" not in said


def test_what_was_done_online_is_said_so_of_hate_that_is_harassment_too(rulebook: Rulebook):
    text = "He sends me abusive texts every day calling me a paki."
    read = explained(rulebook, text)
    assert read.primary == "hate_incident"
    assert "online stalking or online harassment" in reporter(read)


def test_what_was_only_supposed_is_not_told(rulebook: Rulebook):
    read = explained(rulebook, STALKED)
    supposed = tuple(
        seen.model_copy(update={"rule": SUPPOSED}) if seen.fact == "S1" else seen for seen in read.evidence
    )
    own = read.model_copy(update={"evidence": supposed})
    said = "\n".join(explain(own, own, (), History(), rulebook.guide.phrases).reporter)
    assert "somebody was followed" not in said
    assert "a tracker" in said


def test_an_effect_that_is_only_plain_is_not_told_as_said(rulebook: Rulebook):
    said = reporter(explained(rulebook, "My ex follows me home, and he waits outside my work, it keeps happening."))
    assert "it has happened more than once; one person is being sought out" in said
    assert "it distressed somebody" not in said


def test_a_grave_crime_that_is_none_of_ours_is_told_kindly(rulebook: Rulebook):
    said = reporter(explained(rulebook, "Someone raped me last night in the park."))
    assert "a serious offence of another kind. It is right to report it." in said
    assert "missing" not in said
    assert "makes us think so" not in said
    assert "it distressed somebody" not in said


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("She bangs and swears at us over the hedge, because we complained.", True),
        ("Kids shout at my son on the bus.", True),
        ("He threatens me every week because I owe him money.", True),
        ("My ex keeps hitting me because I left.", False),
        ("He threatens to kill me every week because I owe him money.", False),
    ],
)
def test_what_more_it_may_be_is_offered_with_no_word_on_what_was_told_and_none_beside_violence(
    rulebook: Rulebook, text: str, offered: bool
):
    said = reporter(explained(rulebook, text))
    assert ("if you think it is because of who you are, this may be a hate incident" in said) is offered
    assert "nothing was said" not in said
    assert offered or "missing" not in said


def test_an_order_that_was_broken_is_told_as_serious(rulebook: Rulebook):
    said = reporter(explained(rulebook, "He's on bail with a condition not to contact me and he sent me a message."))
    assert "a serious offence of another kind. It is right to report it." in said
    assert "missing" not in said


def test_the_reporter_hears_nothing_of_what_others_told(rulebook: Rulebook):
    history = History(reports=3, references=("H-SECRET-1", "H-SECRET-2"))
    linked, alone = explained(rulebook, FOLLOWED_ONCE, history=history), explained(rulebook, FOLLOWED_ONCE)
    assert linked.repetition != alone.repetition
    assert reporter(linked) == reporter(alone)
    assert linked.support == alone.support
    assert "H-SECRET-1" in staff(linked)
    assert "Not for the reporter" in staff(linked)


def test_nor_of_what_others_told_was_read_as_where_nobody_says_how_many():
    history = History(labels=("stalking", "harassment", "hate_incident"), strands=("race",))
    text = "He is at the end of our road again, shouting. I am scared of him."
    linked, alone = explained(load_second(), text, history=history), explained(load_second(), text)
    assert linked.labels != alone.labels
    assert reporter(linked) == reporter(alone)
    assert linked.support == alone.support


def test_where_somebody_may_be_hurt_at_any_moment_the_question_is_where_they_are(rulebook: Rulebook):
    assessment = explained(rulebook, f"{STALKED} He is at my door with a knife, he says he'll kill me.")
    assert assessment.danger_class == DangerClass.life_at_risk
    assert assessment.ask == "Where are they now, and is anybody hurt?"
    assert not assessment.missing


def test_staff_see_rules_facts_spans_and_the_question_to_ask(rulebook: Rulebook):
    assessment = explained(rulebook, FOLLOWED_ONCE)
    said = staff(assessment)
    assert assessment.ask
    assert f"Ask next: {assessment.ask}" in said
    for held in assessment.held:
        assert f"{held.label} by {held.rule}" in said
    (seen, *_) = [seen for seen in assessment.evidence if seen.fact == "S1"]
    assert f"“{seen.quote}” ({seen.start}–{seen.end}, {seen.rule})" in said


def test_staff_see_where_text_and_answer_disagree(rulebook: Rulebook):
    said = staff(explained(rulebook, "He follows me home every night.", answers=Answers(times=Times.once)))
    assert "Sources disagree on repetition" in said
    assert "(answer, answer.times)" in said


def test_what_was_not_read_is_not_guessed_at(rulebook: Rulebook):
    said = reporter(
        explained(rulebook, "Sąsiad nie daje mi spać, krzyczy na mnie i mówi że mnie zabije, jest tak co noc.")
    )
    assert "a person will read it and nothing is guessed" in said
    assert "we think this may be" not in said


def test_every_label_and_behaviour_has_words_for_the_reporter(rulebook: Rulebook):
    behaviours = {fact for rule in rulebook.rules for fact in rule.facts if re.fullmatch(r"[SHOA]\d+", fact)}
    assert behaviours | {f"label.{label}" for label in ("stalking", "other")} <= rulebook.guide.phrases.keys()


def test_a_behaviour_that_only_makes_the_label_likeliest_is_not_told():
    second = load_second()
    assert second.second
    odds = np.full(len(second.second.model.facts), -9, np.float32)
    for fact in ("label.stalking", "label.harassment", "primary.stalking", "F1.repeated"):
        odds[second.second.model.facts.index(fact)] = 9
    odds[second.second.model.facts.index("S4")] = -8
    told = report(text="He is there whenever I go out. It never ends.")
    seen = see(told, second)
    assert seen.weighed
    own = judge(replace(seen, weighed=seen.weighed._replace(odds=odds)), History(), second)
    assert own.behaviours == ("S4",)
    assert {one.rule for one in own.evidence if one.fact == "S4"} == {SUPPOSED}
    words = second.guide.phrases
    assert words["S4"].words not in "\n".join(explain(own, own, (), History(), words).reporter)


def test_an_effect_that_is_only_grave_is_not_told_where_it_was_said_to_annoy(rulebook: Rulebook):
    for rules in (rulebook, load_second()):
        read = explained(rules, "My ex waits outside my work every day.", answers=Answers(feeling=("annoyed",)))
        assert "it distressed somebody" not in reporter(read)


ONCE = "He came round and screamed at me on the doorstep for half an hour, called me names and would not go."


def test_what_a_model_alone_takes_for_repeated_is_not_told_over_their_own_once():
    second = load_second()
    assert second.second
    odds = np.full(len(second.second.model.facts), -9, np.float32)
    for fact in ("label.harassment", "primary.harassment", "F1.repeated", "H8"):
        odds[second.second.model.facts.index(fact)] = 9
    seen = see(report(text=ONCE, answers=Answers(times=Times.once)), second)
    assert seen.weighed
    own = judge(replace(seen, weighed=seen.weighed._replace(odds=odds)), History(), second)
    assert "harassment" in own.labels
    assert "more than once" not in "\n".join(explain(own, own, (), History(), second.guide.phrases).reporter)


def test_whoever_does_not_know_how_often_is_not_told_of_once(rulebook: Rulebook):
    unsure, once = (
        reporter(explained(rulebook, FOLLOWED_ONCE, answers=Answers(times=times)))
        for times in (Times.unsure, Times.once)
    )
    assert "Something that has happened once" in once
    assert "Something that has happened once" not in unsure


def test_a_label_that_rests_on_the_whole_says_so(rulebook: Rulebook):
    own = explained(rulebook, STALKED).model_copy(update={"behaviours": (), "evidence": (), "strands": ()})
    told = "\n".join(explain(own, own, (), History(), rulebook.guide.phrases).reporter)
    assert "We think so from the whole of what you told us." in told
    assert "What in your report" not in told
