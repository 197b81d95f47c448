"""Learning the second reader: what needs no JAX, on weights made up here."""

import json
from pathlib import Path

import numpy as np
import pytest

from services.classifier.domain import deep
from services.classifier.domain.deep import WIDTH
from services.classifier.domain.pieces import LONGEST
from services.classifier.domain.reading import read
from services.classifier.training import base, batches, calibrate, pack, reports
from services.classifier.training.calibrate import Seen
from services.classifier.training.reports import COLUMNS, FACTS
from shared.told import Answers

REPORTS = Path(reports.__file__).parent / "reports"
JUDGES = Path(__file__).parents[1] / "data"
VOCABULARY = ("[UNK]", "[CLS]", "[SEP]", "web", ":", "he", "waits")


def made_up():
    """Weights of the base model's shapes, without a word of what it knows."""
    random = np.random.default_rng(1)

    def some(*shape):
        return random.normal(0, 0.05, shape).astype(np.float32)

    bert = {"embeddings.word_embeddings.weight": some(len(VOCABULARY), WIDTH)}
    bert |= {"embeddings.position_embeddings.weight": some(512, WIDTH)}
    bert |= {"embeddings.token_type_embeddings.weight": some(2, WIDTH)}
    bert |= {"embeddings.LayerNorm.weight": some(WIDTH) + 1, "embeddings.LayerNorm.bias": some(WIDTH)}
    for at in range(base.LAYERS):
        shapes = {f"attention.self.{name}": (WIDTH, WIDTH) for name in ("query", "key", "value")}
        shapes |= {"attention.output.dense": (WIDTH, WIDTH)}
        shapes |= {"intermediate.dense": (4 * WIDTH, WIDTH), "output.dense": (WIDTH, 4 * WIDTH)}
        for name, shape in shapes.items():
            bert |= {f"encoder.layer.{at}.{name}.weight": some(*shape)}
            bert |= {f"encoder.layer.{at}.{name}.bias": some(shape[0])}
        for name in base.NORMS:
            bert |= {f"encoder.layer.{at}.{name}.weight": some(WIDTH) + 1}
            bert |= {f"encoder.layer.{at}.{name}.bias": some(WIDTH)}
    heads = {"heads": some(2 * WIDTH, len(COLUMNS)), "head_bias": some(len(COLUMNS))}
    heads |= {name: some(WIDTH, len(COLUMNS)) for name in ("head_looks", "head_says")}
    return base.renamed(bert) | heads


def seen(odds, shows, gold):
    everything = np.ones(gold.shape, bool)
    urgent = gold[:, calibrate.AT_URGENT]
    return Seen(odds, shows, gold, everything, urgent, urgent)


class TestReports:
    def test_nothing_held_out_is_learned_from_and_nothing_that_judges_is_in_either(self):
        learned, held_out = (
            {one.id for one in reports.load(files)} for files in (reports.LEARNED_FROM, reports.HELD_OUT)
        )
        judges = {json.loads(line)["id"] for file in JUDGES.glob("*.jsonl") for line in file.read_text().splitlines()}
        assert len(learned) > 4000
        assert len(held_out) > 900
        assert not learned & held_out
        assert not (learned | held_out) & judges

    def test_one_of_each_choice_holds(self):
        gold = reports.gold(reports.load([REPORTS / "dev-calibrate.jsonl"]))
        for choice in reports.ONE_OF:
            assert (gold[:, [FACTS.index(fact) for fact in choice]].sum(1) == 1).all()

    def test_flags_that_nobody_was_asked_for_are_not_spoken_of(self):
        spoken = reports.labelled(reports.load([REPORTS / "dev-calibrate.jsonl"]))
        assert not spoken[:, FACTS.index("F12.sexual")].any()
        assert spoken[:, FACTS.index("H7")].all()


class TestBatches:
    LENGTHS = (10, 70, 64, 160, 5, 112, 3, 320, 200) * 7

    def test_every_report_is_in_a_batch_that_it_fits(self):
        for found in (batches.ordered(self.LENGTHS), batches.shuffled(self.LENGTHS, np.random.default_rng(1))):
            held = [(batch.length, at) for batch in found for at in batch.reports]
            assert {at for _, at in held} == set(range(len(self.LENGTHS)))
            assert all(self.LENGTHS[at] <= length for length, at in held)

    def test_those_to_learn_from_are_full_and_the_same_for_one_seed(self):
        first, second = (batches.shuffled(self.LENGTHS, np.random.default_rng(3)) for _ in range(2))
        assert first == second
        assert all(len(batch.reports) == batches.SIZE for batch in first)

    def test_what_is_missing_is_masked(self):
        together, mask = batches.padded([np.array([7, 8]), np.array([9])], 64)
        assert together.shape == mask.shape == (batches.SIZE, 64)
        assert together[0, :3].tolist() == [7, 8, 0]
        assert mask[:3].sum(1).tolist() == [2, 1, 1]


class TestPack:
    def test_what_is_written_is_read(self, tmp_path):
        pack.write(pack.packed(made_up(), VOCABULARY), tmp_path / "deep.npz")
        reader = deep.load(tmp_path / "deep.npz")
        weighed = reader.weigh(read("He waits"), Answers())
        assert reader.model.facts == FACTS
        assert [VOCABULARY[piece.id] for piece in weighed.pieces] == ["[CLS]", "web", ":", "he", "waits", "[SEP]"]
        assert np.isfinite(weighed.odds).all()

    def test_the_same_weights_give_the_same_bytes(self, tmp_path):
        for name in ("a", "b"):
            pack.write(pack.packed(made_up(), VOCABULARY), tmp_path / name)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    def test_rounding_moves_a_weight_by_half_a_step_at_most(self):
        weight = made_up()["0.attend"]
        steps = np.abs(weight).max(1, keepdims=True) / 127
        assert (np.abs(pack.rounded("0.attend", weight) - weight) <= steps * 0.501).all()


class TestCalibrate:
    def test_it_finds_what_the_odds_are_worth(self):
        random = np.random.default_rng(1)
        odds, shows = random.normal(0, 2, (3000, len(FACTS))), random.random((3000, len(FACTS))) < 0.3
        truth = 0.6 * odds + 1.2 * shows - 0.8
        gold = random.random(truth.shape) < 1 / (1 + np.exp(-truth))
        found = calibrate.weights(seen(odds, shows, gold))
        assert found.mean(0) == pytest.approx((0.6, 1.2, 0.8), abs=0.03)
        assert np.abs(found - (0.6, 1.2, 0.8)).max() < 0.35

    def test_a_fact_seldom_seen_goes_by_the_common_threshold(self):
        odds = np.tile(np.linspace(-2, 2, 400)[:, None], (1, len(FACTS)))
        gold = odds > 0
        rare = FACTS.index("H7")
        gold[:, rare] = False
        gold[-1, rare] = True
        found = calibrate.thresholds(odds, seen(odds, gold, gold))
        assert found[FACTS.index("H8")] == pytest.approx(0, abs=0.02)
        assert found[rare] < 0.2

    def test_an_urgent_report_is_hardly_ever_missed(self):
        random = np.random.default_rng(2)
        urgent = np.arange(400) < 100
        odds = random.normal(0, 1, 400) + 4 * urgent
        threshold = calibrate.urgent(odds, urgent, urgent)
        assert (odds[urgent] >= threshold).mean() >= calibrate.RECALL
        assert (odds[urgent] >= threshold + 0.01 + calibrate.RECALL).mean() < 1

    def test_where_that_calls_too_many_urgent_it_is_a_plain_choice(self):
        odds = np.random.default_rng(2).normal(0, 1, 400)
        urgent = np.arange(400) < 100
        assert calibrate.urgent(odds, urgent, urgent) == calibrate.OTHERWISE


def test_places_reach_as_far_as_a_report_is_read():
    assert made_up()["places"].shape == (LONGEST, WIDTH)
