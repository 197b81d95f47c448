"""How a fact counts (codebook §1): who said it, of whom, when, and whether it happened at all."""

import pytest

from shared.codebook import Flag, Repetition, Threat
from shared.screen import screen
from tests.classifier.building import said


@pytest.mark.parametrize(
    "text",
    [
        "He has never threatened me.",
        "He's not hit me or anything.",
        "She hasn't said she'd kill me.",
        "If he ever hits me what should I do?",
        "I saw on the news that a man stabbed his neighbour.",
        "My nan was punched by a soldier in 1944.",
        "The noise is killing me.",
        "It's murder trying to park.",
        "I thought he was going to punch me.",
        "There were no threats and nobody was hit.",
        "My mate was strangled by her ex. Mine only sends flowers, one a day.",
        "She says she'll bury me at the tribunal.",
        "I've told him, one more word and I'll open him up.",
    ],
)
def test_what_did_not_happen_to_anybody_here_is_no_threat(text):
    assert said(text).threat is Threat.none


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("He said he'd kill me.", Threat.explicit),
        ("she sed shes gona smash my face in", Threat.explicit),
        ("He said if I go to the police he'll kill me.", Threat.explicit),
        ("he ran his finger across his throat", Threat.explicit),
        ("They said they'd burn us out.", Threat.explicit),
        ("He said I know where your kids go to school", Threat.implied),
        ("My sister was strangled by her husband last night. Mine never believes me.", Threat.explicit),
        ("He's coming over at Easter to finish me.", Threat.explicit),
        ("The carer holds a cushion over Gran's face.", Threat.explicit),
        ("They'll start again as soon as you've gone, they were throwing bricks at the shop man.", Threat.imminent),
        ("be a shame if anything happened to that shop", Threat.implied),
        ("he's kicking my door in now please hurry", Threat.imminent),
    ],
)
def test_threats(text, level):
    assert said(text).threat is level


@pytest.mark.parametrize(
    "text",
    [
        "We've had a note. It says Get rid of your Polish barista or we'll open him up.",
        "The letter said move your family out of this street by Friday or we'll put a knife through him.",
    ],
)
def test_what_a_note_says_they_will_do_is_their_threat(text):
    assert said(text).threat is Threat.explicit


def test_the_reporters_own_threat_is_a_note_and_no_threat():
    assessment = said("He parks on my drive. I'll kill him if he does it again.")
    assert assessment.threat is Threat.none
    assert Flag.reporter_threat in assessment.flags


@pytest.mark.parametrize(
    "text",
    [
        "He shouted at me. I have lived here for years.",
        "He shouted at me once. The bus is always late.",
    ],
)
def test_repeating_words_about_something_else_do_not_count(text):
    assert said(text).repetition is not Repetition.repeated


@pytest.mark.parametrize(
    "text",
    [
        "he shouts at me every night",
        "it's the fourth time he has thrown eggs at my window",
        "he keeps following me home",
        "She has shouted abuse at me twice.",
        "he swore at me on Monday and he spat at my door on Friday",
        "he called me a slag again",
        "his calls have been going on for months",
    ],
)
def test_repeated(text):
    assert said(text).repetition is Repetition.repeated


@pytest.mark.parametrize(
    ("text", "repetition"),
    [
        ("It happened on Tuesday, no, Wednesday. He shouted at me.", Repetition.once),
        ("It was last Tuesday, sorry, Wednesday night he shouted at me.", Repetition.once),
        ("He followed me home three times, no, once.", Repetition.once),
        ("He followed me twice. No, sorry, just the once.", Repetition.once),
        ("He shouted at me once, no, twice, well, three times.", Repetition.repeated),
        ("He has done it twice, well, once a week.", Repetition.repeated),
        ("He shouted at me on Tuesday, and again, well, on Wednesday he spat.", Repetition.repeated),
    ],
)
def test_of_what_is_corrected_the_later_value_holds(text, repetition):
    assert said(text).repetition is repetition


@pytest.mark.parametrize(
    "text",
    ["<p>he said he'd <i>kill</i> me</p>", "he said he&#39;d kill me", "<b>he said</b><br>he&rsquo;d kill <u>me</u>"],
)
def test_a_threat_in_html_is_a_threat(text):
    assert said(text).threat is Threat.explicit
    assert screen(text)


def test_a_bailiff_is_not_a_stalker():
    assert "S2" not in said("A bailiff came to my house about council tax.").behaviours
