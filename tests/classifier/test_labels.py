"""L1–L5 and the settled cases (codebook §2), over facts alone."""

import pytest

from services.classifier.domain import labels
from services.classifier.domain.danger import danger_class, threat
from services.classifier.domain.facts import establish
from services.classifier.domain.proposals import Proposal
from shared.codebook import DangerClass, Label, Repetition, Threat
from shared.told import Answers, History, Times
from tests.classifier.building import BOOK, facts, said

CASES = {
    "L1 stalking always carries harassment": (["F1.repeated", "S1", "S4"], ["stalking", "harassment"]),
    "L1 one stalking behaviour by somebody obsessed": (
        ["F1.repeated", "S3", "F4.obsession"],
        ["stalking", "harassment"],
    ),
    "L1 watching alone, without fixation": (["F1.repeated", "S4"], ["harassment"]),
    "L2 abuse again and again": (["F1.repeated", "H8"], ["harassment"]),
    "L2 repeated nuisance that distresses keeps asb": (["F1.repeated", "A3", "F2.distressed"], ["harassment", "asb"]),
    "L2 bullying when repeated": (["F1.repeated", "H10"], ["harassment"]),
    "L2 contact after a no, without an S or O behaviour": (["F1.repeated", "H11", "F4.obsession"], ["harassment"]),
    "L2 begging with demands": (["F1.repeated", "A1", "H9"], ["harassment", "asb"]),
    "L3 once, in words, carries asb": (["H8", "F5.race"], ["hate_incident", "asb"]),
    "L3 repeated carries harassment": (["F1.repeated", "H8", "F5.race"], ["hate_incident", "harassment"]),
    "L3 once, with violence, stands alone": (["F7.explicit", "X.violence_used", "F5.race"], ["hate_incident"]),
    "L4 repeated nuisance aimed at nobody": (["F1.repeated", "A3"], ["asb"]),
    "L4 begging": (["A1"], ["asb"]),
    "L4 a stalking behaviour once": (["S1"], ["asb"]),
    "L4 a fight in the street between others": (["F7.explicit", "X.violence_used", "X.street_fight", "A4"], ["asb"]),
    "L4 abuse once": (["H8", "F1.once"], ["asb"]),
    "L5 a single assault": (["F7.explicit", "X.violence_used", "F1.once"], ["other"]),
    "L3 once, of no listed behaviour, carries asb": (["F5.race", "F1.occasion"], ["hate_incident", "asb"]),
    "L3 repeated carries harassment whoever it is aimed at": (
        ["F1.repeated", "H8", "F5.race", "X.unaimed"],
        ["hate_incident", "harassment"],
    ),
    "L4 nuisance beside one threat": (["A4", "F7.explicit", "X.threat_words"], ["asb"]),
    "L4 contact again and again that bothers nobody": (["F1.repeated", "H11", "F2.mild"], ["asb"]),
    "L2 contact after a no, called annoying": (
        ["F1.repeated", "H11", "F2.mild", "F4.obsession"],
        ["harassment"],
    ),
    "L2 an ex who comes to shout about something": (["F1.repeated", "S2", "H8", "X.relation"], ["harassment"]),
    "L1 an ex who waits where one goes": (["F1.repeated", "S3", "H8", "X.relation"], ["stalking", "harassment"]),
    "L5 a single sexual crime": (["O2", "F1.once"], ["other"]),
    "L5 theft": (["X.crime", "X.property_crime"], ["other"]),
    "L5 a question": (["X.matter"], ["other"]),
    "L5 nothing": ([], ["other"]),
}


@pytest.mark.parametrize(("shown", "expected"), CASES.values(), ids=CASES.keys())
def test_labels(shown, expected):
    assert [rule.label for rule in labels.held(facts(*shown), BOOK)] == expected


def test_the_more_specific_form_is_primary():
    given = labels.held(facts("F1.repeated", "S1", "S4", "H8", "F5.race", "A3"), BOOK)
    assert given[0].label is Label.stalking


def test_each_label_says_what_it_rests_on():
    given = labels.held(facts("F1.repeated", "H8"), BOOK)
    assert given[0].rule == "L2.person"
    assert "F1.repeated" in given[0].facts


def test_what_was_missing_is_said_with_the_question_to_ask():
    shown = facts("S1")
    missing, ask = labels.missing(shown, labels.held(shown, BOOK), BOOK)
    assert missing[0].label is Label.stalking
    assert missing[0].words.startswith("stalking: this happened once")
    assert ask == "Has this person done anything like this before?"


@pytest.mark.parametrize("behaviour", ["S1", "H8"])
def test_what_was_said_to_be_the_once_is_missing_and_not_asked(behaviour: str):
    shown = facts(behaviour, "F1.once")
    missing, ask = labels.missing(shown, labels.held(shown, BOOK), BOOK)
    assert Label.harassment in {one.label for one in missing}
    assert ask == "Do you think it is because of who you are?"


def test_only_labels_above_the_primary_are_missing():
    stalked = facts("S1", "S3", "F1.repeated", "F2.scared")
    assert labels.missing(stalked, labels.held(stalked, BOOK), BOOK) == ((), None)
    hated = facts("H8", "F5.race")
    missing, ask = labels.missing(hated, labels.held(hated, BOOK), BOOK)
    assert [one.label for one in missing] == [Label.harassment]
    assert ask == "Has it happened before, by the same person or group?"


def test_a_nuisance_that_may_be_repeated_is_asked_about():
    shown = facts("A6", "F1.unsure")
    assert shown.of("note.") == ("ask_repetition",)
    missing, ask = labels.missing(shown, labels.held(shown, BOOK), BOOK)
    assert [one.label for one in missing] == [Label.harassment]
    assert ask == "Has it happened before, by the same person or group?"


def test_a_stalking_behaviour_once_is_noted():
    assert facts("S1").of("note.") == ("single_incident",)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (["F1.repeated", "H8"], Repetition.repeated),
        (["F1.likely", "H8"], Repetition.repeated),
        (["F1.likely", "F1.once", "H8"], Repetition.once),
        (["F1.repeated", "F1.once", "H8"], Repetition.repeated),
        (["H8"], Repetition.once),
        (["F1.unsure", "H8"], Repetition.unclear),
        ([], Repetition.unclear),
        (["X.matter", "F1.occasion"], Repetition.unclear),
    ],
)
def test_repetition(shown, expected):
    assert labels.repetition(facts(*shown)) is expected


def test_unsure_asks_whether_it_was_repeated():
    assert "ask_repetition" in facts("H8", "F1.unsure").of("note.")


def test_an_answer_alone_carries_a_fact():
    shown = facts("H8", answers=Answers(times=Times.more, feeling=("scared",)))
    assert labels.repetition(shown) is Repetition.repeated
    assert "F2.scared" in shown.shown


def test_the_more_protective_of_text_and_answer_holds_and_both_are_shown():
    shown = facts("H8", "F1.repeated", answers=Answers(times=Times.once))
    assert labels.repetition(shown) is Repetition.repeated
    assert "F1.once" in shown.shown


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("I reported it to 101 and nothing was done.", 1),
        ("I rang 999 last week about him.", 1),
        ("I have reported this to the council three times.", 3),
        ("I've complained to the landlord 12 times.", 12),
        ("I told the police twice.", 2),
        ("He is loud.", 0),
    ],
)
def test_how_often_it_was_reported_is_what_was_said_and_no_telephone_number(text: str, times: int):
    assert said(text).reported_before == times


@pytest.mark.parametrize(
    "text",
    ["I asked my ex to leave me alone and he came to my house.", "I told him to stop calling but he still rang me."],
)
def test_told_to_stop_and_done_again_is_repeated(text: str):
    assert said(text).repetition is Repetition.repeated


def test_a_repeated_hate_incident_carries_harassment():
    assert "harassment" in said("Every week they spray swastikas on our synagogue because we are Jewish.").labels


def test_earlier_reports_are_repetition_and_reported_before():
    shown = facts("H8", history=History(reports=2))
    assert labels.repetition(shown) is Repetition.repeated
    assert "F9" in shown.shown


@pytest.mark.parametrize(
    ("shown", "level"),
    [
        (["F7.explicit"], Threat.explicit),
        (["F7.explicit", "F10.there"], Threat.imminent),
        (["F7.implied"], Threat.implied),
        (["F7.implied", "F7.explicit"], Threat.explicit),
        (["O6"], Threat.none),
    ],
)
def test_threat_level(shown, level):
    assert threat(facts(*shown)) is level


@pytest.mark.parametrize(
    ("shown", "given", "expected"),
    [
        (["F7.imminent"], [], DangerClass.life_at_risk),
        (["X.life_at_risk"], [], DangerClass.life_at_risk),
        (["F7.explicit"], [], DangerClass.violence_threatened),
        (["F12.self_harm"], [], DangerClass.violence_threatened),
        (["F10.now"], [Label.stalking], DangerClass.violence_threatened),
        (["F7.implied"], [], DangerClass.veiled_or_stalking),
        ([], [Label.stalking], DangerClass.veiled_or_stalking),
        (["A3"], [Label.asb], DangerClass.everything_else),
    ],
)
def test_danger_class(shown, given, expected):
    assert danger_class(facts(*shown), tuple(given)) is expected


@pytest.mark.parametrize(
    "feeling", [("scared", "annoyed"), ("I cry every night",), ("none", "frightened to go out")], ids=str
)
def test_an_effect_told_on_the_form_is_not_outweighed(feeling):
    read = said("The music next door is loud every night since June.", answers=Answers(feeling=feeling))
    assert read.labels == (Label.harassment, Label.asb)


@pytest.mark.parametrize("feeling", [("annoyed",), ("annoyed", "it is a pain"), ("none",), ("as you would expect",)])
def test_only_what_is_mild_is_mild(feeling):
    read = said("The music next door is loud every night since June.", answers=Answers(feeling=feeling))
    assert read.labels == (Label.asb,)
    assert ("F2.mild" in {seen.fact for seen in read.evidence}) == (feeling != ("as you would expect",))


def test_being_watched_is_plainly_distressing_unless_fear_is_denied():
    watched = "My ex sits outside my house watching me every night."
    assert said(watched, answers=Answers(feeling=("annoyed",))).primary is Label.stalking
    denied = said(watched + " I'm not scared of him.", answers=Answers(feeling=("annoyed",)))
    assert denied.primary is Label.harassment
    assert [one.fact for one in denied.missing if one.label is Label.stalking] == ["F2"]


def test_a_threat_is_plainly_distressing_to_whoever_is_fed_up():
    assert said("He says he will batter me. I'm fed up.").effect


def test_one_act_counts_once_even_where_two_ids_fit_it():
    overlapping = [Proposal(name, "test", at, 20, quote="x") for name, at in (("S2", 0), ("S4", 5), ("F1.repeated", 8))]
    assert "F4" not in establish(overlapping, Answers(), History(), BOOK).shown
    apart = [*overlapping, Proposal("S2", "test", 30, 40, quote="y")]
    assert "F4" in establish(apart, Answers(), History(), BOOK).shown


def test_staring_into_a_room_is_not_going_to_a_home():
    read = said("He stands at his window staring into my bedroom every night.")
    assert read.behaviours == ("S4",)
    assert Label.stalking not in read.labels


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("A complete stranger keeps following me home from the station. I'm terrified.", None),
        ("A total stranger keeps shouting at me at the stop.", None),
        ("He keeps following me, he was there again today.", Times.once),
        ("They keep throwing eggs at our door.", Times.once),
    ],
)
def test_what_is_kept_up_is_repeated_whoever_it_is_and_whatever_was_ticked(text: str, times: Times | None):
    assert said(text, answers=Answers(times=times)).repetition is Repetition.repeated


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("A complete stranger followed me home from the station. I'm terrified.", None),
        ("It only happened the once, but people keep asking me about it.", None),
        ("A man on the train would not stop staring.", Times.once),
    ],
)
def test_what_was_done_the_once_is_not(text: str, times: Times | None):
    assert said(text, answers=Answers(times=times)).repetition is Repetition.once


@pytest.mark.parametrize(
    "text",
    [
        "Lads on the green every night, I've never been so scared.",
        "Fireworks in the street every night. I'm not just scared, I'm terrified.",
    ],
)
def test_never_so_scared_is_scared(text: str):
    read = said(text)
    assert Label.harassment in read.labels
    assert not {"F2.mild", "F2.denied"}.intersection(seen.fact for seen in read.evidence)


MONEY = (
    "Someone has taken out loans in my name, hacked into my email and taken £900 out of my account. "
    "It has happened three times. I'm so distressed."
)


def test_a_strangers_fraud_for_money_alone_is_other():
    assert said(MONEY).labels == (Label.other,)


def test_the_same_by_somebody_with_an_obsession_is_stalking():
    assert said(f"{MONEY} It is my ex, and he sits outside my house.").primary is Label.stalking
