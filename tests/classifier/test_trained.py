"""The second reader: what it proposes rests on the caller's words, and never varies."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from services.classifier import rulebook
from services.classifier.domain import combine as combining
from services.classifier.domain import signals, trained
from services.classifier.domain.combine import combine
from services.classifier.domain.facts import Facts, establish
from services.classifier.domain.lexical import lexical
from services.classifier.domain.reading import read
from services.classifier.domain.rules import Proposal
from shared.events import Answers, History, Times

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "services/classifier/reader.npz"
FOLLOWED = (
    "He waits by the bus stop every night and walks behind me to my door. I told him in March to leave me alone. "
    "I've stopped going to choir and I sleep with the light on."
)
CALL = (
    "OPERATOR: Has this happened before?\nCALLER: Yes, four times now.\nOPERATOR: What does she do?\n"
    "CALLER: She screams at my lad through the fence and calls him the p word."
)
TEXTS = [
    FOLLOWED,
    CALL,
    "",
    "?",
    "   \n\n",
    "Nothing at all",
    "ok",
    "🔪",
    "x" * 1_000_000,
    "a b " * 200_000,
    "Noch ein Text.",
]


@pytest.fixture(scope="module")
def reader():
    return trained.load(WEIGHTS)


UNANSWERED = Answers()


def established(text, answers=UNANSWERED):
    return establish(lexical(read(text), rulebook.load()), answers, History(), rulebook.load())


def together(text, reader, answers=UNANSWERED):
    return combine(established(text, answers), read(text), answers, reader)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_every_proposal_quotes_the_report(text, reader):
    for proposal in reader.propose(read(text), Answers(), {}):
        if proposal.start is None:
            assert not text.strip() or not signals.words(read(text))
            continue
        assert 0 <= proposal.start < proposal.end <= len(text)
        assert proposal.quote == text[proposal.start : proposal.end]
        assert proposal.origin == "model"


def test_the_evidence_is_never_the_operator(reader):
    spans = [(p.start, p.end) for p in reader.propose(read(CALL), Answers(), {})]
    assert spans
    assert all(read(CALL).turn_at(start).speaker == "caller" for start, _ in spans)


def test_being_followed_and_watched_is_proposed(reader):
    facts = together(FOLLOWED, reader).shown
    assert {"F1.repeated", "F4", "X.aimed"} <= facts.keys()


def test_the_same_report_gives_the_same_bytes_in_any_process():
    program = (
        "from services.classifier.domain import trained; from services.classifier.domain.reading import read;"
        "from shared.events import Answers; from pathlib import Path; import sys;"
        "print(trained.load(Path(sys.argv[1])).propose(read(sys.argv[2]), Answers(), {}))"
    )

    def said(seed):
        return subprocess.run(
            [sys.executable, "-c", program, str(WEIGHTS), FOLLOWED],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout

    assert said("1") == said("2")


def test_case_and_the_kind_of_apostrophe_change_nothing(reader):
    plain = reader.weigh(read(FOLLOWED), Answers(), {}).odds
    shouted = reader.weigh(read(FOLLOWED.upper().replace("'", "\u2019")), Answers(), {}).odds
    assert np.array_equal(plain, shouted)


def test_a_long_report_is_read_to_a_limit(reader):
    words = signals.words(read("every night " * 100_000))
    assert len(words) == signals.MOST_WORDS
    assert np.isfinite(reader.weigh(read("every night " * 100_000), Answers(), {}).odds).all()


def test_a_question_is_read_with_its_yes_or_no():
    asked = signals.beside(read(CALL), Answers())
    assert "asked=before|yes" in asked
    assert "before" not in signals.words(read(CALL))


def test_what_the_form_says_is_never_doubted(reader):
    text = "Bins not collected, and the street light is out."
    facts = together(text, reader, Answers(times=Times.more, feeling=("scared",)))
    assert {"F1.repeated", "F2.scared"} <= facts.shown.keys()


def test_a_confirmed_fact_keeps_its_lexical_evidence(reader):
    before, after = established(FOLLOWED), together(FOLLOWED, reader)
    for fact in before.shown.keys() & after.shown.keys():
        assert after.shown[fact] == before.shown[fact]


def test_a_fact_that_the_model_does_not_govern_stays(reader):
    facts = Facts({"F11": [Proposal("F11", "F11.ring", 0, 4, quote="ring")]})
    assert combine(facts, read("ring, don't come"), Answers(), reader).shown["F11"] == facts.shown["F11"]


def test_one_matter_at_a_time(reader):
    for text in (FOLLOWED, CALL, "Bins not collected", "kids on bikes in the square"):
        facts = together(text, reader).shown
        assert not {"X.aimed", "X.unaimed"} <= facts.keys()
        assert ("X.nuisance" in facts) != ("X.no_nuisance" in facts)


def test_every_matter_is_one_that_the_codebook_allows():
    for matter in combining.MATTERS:
        assert "other" not in matter or len(matter) == 1
        assert "stalking" not in matter or "harassment" in matter


def test_training_twice_gives_the_same_weights(tmp_path):
    pytest.importorskip("scipy")
    from services.classifier.training import reports, train

    labelled = reports.load([ROOT / "services/classifier/training/reports/dev-calibrate.jsonl"])
    looked = train.look(labelled, rulebook.load())
    for name in ("a.npz", "b.npz"):
        train.write(train.pack(train.fit(labelled, looked)), tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
