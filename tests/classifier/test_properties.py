"""What must hold whatever is said."""

import os
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.codebook import Threat
from shared.patterns import normalise
from shared.screen import screen
from tests.classifier.building import BOOK, said

TEXTS = [
    "My ex keeps following me home and sits outside my house every night. I'm terrified.",
    "Next door play loud music every weekend. Not aimed at anyone.",
    "A man shouted the p word at me on the bus. It only happened once.",
    "Somebody stole my bike from the station.",
    "he said he'd smash my face in.",
]
SAYING_NOTHING = ["It was raining at the time.", "The kettle is blue.", "Our road has trees along it.", "I had toast."]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("more", SAYING_NOTHING)
def test_a_sentence_that_says_nothing_changes_no_fact(text, more):
    plain, longer = said(text), said(f"{text} {more}")
    assert (plain.labels, plain.behaviours, plain.threat, plain.repetition, plain.strands) == (
        longer.labels,
        longer.behaviours,
        longer.threat,
        longer.repetition,
        longer.strands,
    )


@given(
    text=st.sampled_from(TEXTS),
    case=st.sampled_from([str.upper, str.lower, str.title]),
    space=st.sampled_from(["  ", "\t", " \n"]),
)
@settings(max_examples=30)
def test_case_and_white_space_change_no_label(text, case, space):
    if case is str.title:
        text = text.replace("'", "")
    assert said(case(text).replace(" ", space)).labels == said(text).labels


@pytest.mark.parametrize(
    "act", ["hit me", "threatened to kill me", "punched my son", "pulled a knife on me", "followed me"]
)
@pytest.mark.parametrize("no", ["He has never {}", "He hasn't {}", "nobody {}"])
def test_a_negated_threat_is_no_threat(act, no):
    assert said(no.format(act)).threat is Threat.none


@given(st.text(max_size=300))
@settings(max_examples=200)
def test_any_text_is_read_and_offsets_hold(text):
    assessment = said(text)
    assert assessment.labels
    for shown in assessment.evidence:
        if shown.start is not None:
            assert text[shown.start : shown.end] == shown.quote


@given(st.text(max_size=200))
@settings(max_examples=200)
def test_normalising_keeps_the_length(text):
    assert len(normalise(text).text) == len(text)


def test_the_same_bytes_over_processes_and_hash_seeds():
    script = (
        f"from tests.classifier.building import said;print(''.join(said(text).model_dump_json() for text in {TEXTS!r}))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize(
    "rule", [rule for rule in BOOK.rules if rule.id.startswith(("F7.", "F12.self_harm"))], ids=lambda rule: rule.id
)
def test_every_threat_example_passes_the_urgent_screen(rule):
    assert all(screen(hit) for hit in rule.hits)


def test_the_screen_has_no_scope():
    assert screen("He has never threatened to kill me")
    assert not screen("The bins were missed on Tuesday")


@pytest.mark.parametrize(
    "text",
    [
        "kill " * 200_000,
        "\n" * 1_000_000,
        "\x00\x07" * 500_000,
        "a" * 1_048_576,
        "é\u0301🔪" * 100_000,
        "." * 100_000 + "x",
        "?!" * 50_000 + "x",
        "he will 's" + "'s" * 50_000 + " i kill him",
        "I don't " + "," * 100_000 + " go out",
    ],
    ids=["word", "lines", "control", "letter", "marks", "stops", "exclamations", "apostrophes", "commas"],
)
def test_however_a_long_text_is_made_it_is_read_in_seconds(text):
    before = time.process_time()
    assert said(text).labels
    assert time.process_time() - before < 10


UNSEEN = ["\u00ad", "\u200b", "\u200d", "\ufeff", "\u2063", "\u061c", "\u180e", "\u0336"]
SAYS_SO = "He said he will kill me. He said so on Monday."


@pytest.mark.parametrize("mark", UNSEEN, ids=ascii)
@pytest.mark.parametrize("word", ["will", "kill", "me"])
def test_what_is_not_seen_within_a_word_hides_nothing(word, mark):
    text = SAYS_SO.replace(word, f"{word[:1]}{mark}{word[1:]}", 1)
    assert screen(text)
    read = said(text)
    assert read.threat is said(SAYS_SO).threat
    assert read.threat is not Threat.none
    quotes = [(text[seen.start : seen.end], seen.quote) for seen in read.evidence if seen.start is not None]
    assert all(there == quote for there, quote in quotes)
    assert any(word[:1] + mark in quote for _, quote in quotes)


@given(st.lists(st.sampled_from(["kill", "k\u00adill", "me", " ", "\u200b", "e\u0301", "'", "\n", "İ", "\u2019s"])))
def test_only_the_places_within_a_broken_word_change(parts):
    text = "".join(parts)
    plain = normalise(text).text
    assert len(plain) == len(text)
    for at, char in enumerate(text):
        if char in " \n":
            assert plain[at] == char
    seen = "".join(char for char in text if char not in (*UNSEEN, "\u0301"))
    assert "".join(plain.split()) == "".join(normalise(seen).text.split())
