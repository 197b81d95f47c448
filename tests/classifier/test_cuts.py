"""Words that a recogniser cut in two: heard together, and found where they stand."""

import pytest

from services.classifier.domain.cuts import across_cuts
from services.classifier.domain.deep import load
from services.classifier.domain.reading import read
from services.classifier.rulebook import DEEP
from shared.codebook import DangerClass, Threat
from shared.events import written_out
from shared.told import Answers, Channel, Speaker, Turn
from tests.classifier.building import BOOK, said

CALLER, OPERATOR = Speaker.caller, Speaker.operator


def call(*turns: tuple[Speaker, str]) -> str:
    return written_out(tuple(Turn(speaker=speaker, text=text) for speaker, text in turns))


CUT = {
    "in two": call((CALLER, "He's stood at my front door and he's got a"), (CALLER, "knife.")),
    "in three": call((CALLER, "he wrote that he"), (CALLER, "will"), (CALLER, "kill me and my kids")),
    "trailing off": call((CALLER, "He says he's going to..."), (CALLER, "kill me.")),
    "by the operator": call((CALLER, "He says he'll"), (OPERATOR, "I'm listening."), (CALLER, "stab me.")),
    "by silence": call((CALLER, "she says she'll"), (CALLER, "…"), (CALLER, "stab me")),
    "word by word": call(
        *(
            turn
            for theirs, ours in zip(
                ["he", "has", "got", "a", "knife", "and"], ["right", "where", "are", "you", "now", "then"], strict=True
            )
            for turn in ((CALLER, theirs), (OPERATOR, ours))
        )
    ),
}


@pytest.mark.parametrize("text", CUT.values(), ids=CUT)
def test_a_threat_is_heard_across_a_cut(text: str):
    read_so = said(text, channel=Channel.phone)
    assert read_so.danger_class <= DangerClass.violence_threatened
    shown = [one for one in read_so.evidence if one.fact == "F7.explicit"]
    assert shown
    assert all(one.quote == text[one.start : one.end] for one in shown)


def test_the_quote_begins_and_ends_with_the_words_that_show_it():
    text = call((CALLER, "Hello."), (CALLER, "he would stab"), (CALLER, "me"))
    (shown, *_) = [one for one in said(text).evidence if one.fact == "F7.explicit"]
    assert shown.quote == "would stab\nCALLER: me"


@pytest.mark.parametrize(
    ("turns", "level"),
    [
        (((CALLER, "he never said that he would"), (CALLER, "kill me")), Threat.none),
        (((CALLER, "I left what I would."), (CALLER, "kill me")), Threat.none),
        (((OPERATOR, "so he said he would"), (OPERATOR, "kill you?"), (CALLER, "Yes.")), Threat.explicit),
        (((OPERATOR, "so he said he would"), (OPERATOR, "kill you?"), (CALLER, "No.")), Threat.none),
        (((OPERATOR, "has he said he will"), (CALLER, "no"), (OPERATOR, "kill you"), (CALLER, "yes")), Threat.none),
    ],
    ids=["negated", "a sentence of its own", "said yes to", "said no to", "two questions"],
)
def test_scope_reaches_across_a_cut_and_sentences_do_not(turns: tuple[tuple[Speaker, str], ...], level: Threat):
    assert said(call(*turns), channel=Channel.phone).threat is level


def test_what_stands_before_a_cut_takes_nothing_away_from_what_stands_after_it():
    assert said(call((CALLER, "nobody's hurt"), (CALLER, "he has a knife"))).threat is Threat.explicit


def test_nothing_is_read_twice():
    text = call((CALLER, "he says he'll kill me"), (CALLER, "and he means it"))
    assert not [one for one in across_cuts(read(text), BOOK) if one.fact == "F7.explicit"]


def test_a_long_call_that_never_ends_a_sentence_is_read_in_time_that_grows_with_its_length():
    text = call(*[(CALLER, "he keeps on and"), (OPERATOR, "yes")] * 20_000)
    assert said(text, channel=Channel.phone)


def test_the_trained_reader_sees_turns_as_they_were_written():
    pieces = load(DEEP).weigh(read(CUT["in two"]), Answers()).pieces
    whole = load(DEEP).weigh(read(CUT["in two"].replace("\nCALLER: ", " ")), Answers()).pieces
    assert len(pieces) > len(whole)
