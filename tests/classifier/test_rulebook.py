"""The rules keep their own promises: every example is a test, and data that says something unknown is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.classifier.checking import check, shows
from services.classifier.rulebook import DEFAULT, load
from tests.classifier.building import BOOK

HITS = [(rule, hit) for rule in BOOK.rules for hit in rule.hits]
MISSES = [(rule, miss) for rule in BOOK.rules for miss in rule.misses]
RULE = '[[rule]]\nid = "a"\nfact = "H1"\nwhy = "x"\nsource = "y"\npatterns = "{}"\nhits = "a"\n'


@pytest.mark.parametrize(("rule", "hit"), HITS, ids=[f"{rule.id}-{n}" for n, (rule, _) in enumerate(HITS)])
def test_a_rule_hits_its_hits(rule, hit):
    assert shows(rule, hit, BOOK)


@pytest.mark.parametrize(("rule", "miss"), MISSES, ids=[f"{rule.id}-{n}" for n, (rule, _) in enumerate(MISSES)])
def test_a_rule_misses_its_misses(rule, miss):
    assert not shows(rule, miss, BOOK)


def test_nothing_is_wrong_with_the_rulebook():
    assert check(BOOK) == []


@pytest.mark.parametrize("prefix", [*[f"S{n}" for n in range(1, 7)], *[f"H{n}" for n in range(1, 12)]])
def test_every_personal_behaviour_can_be_shown(prefix):
    assert _shown(prefix)


@pytest.mark.parametrize("prefix", [*[f"O{n}" for n in range(1, 9)], *[f"A{n}" for n in range(1, 10)]])
def test_every_online_and_anti_social_behaviour_can_be_shown(prefix):
    assert _shown(prefix)


@pytest.mark.parametrize("fact", [f"F{n}" for n in (1, 2, *range(4, 13))])
def test_every_fact_can_be_shown(fact):
    assert _shown(fact)


def test_an_unknown_key_is_refused(tmp_path: Path):
    (tmp_path / "a.toml").write_text(
        '[[rule]]\nid = "a"\nfact = "H1"\nwhy = "x"\nlevle = "y"\npatterns = "a"\nhits = "a"\n'
    )
    with pytest.raises(ValueError, match="levle"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a", r"missing \): .*: \(a$"),
        (r"~\\pN", r"bad escape .*: ~.pN"),
        ("{nosuch} kill", "is not a word list"),
        ("{gap3x} kill", "is not a word list"),
    ],
)
def test_a_wrong_pattern_is_refused_by_name(tmp_path: Path, pattern: str, reason: str):
    (tmp_path / "a.toml").write_text(RULE.replace("{}", pattern))
    with pytest.raises(ValueError, match=f"^a: .*{reason}"):
        load(tmp_path)


SCOPE = '[[scope]]\nid = "far"\nwhy = "far"\nwhere = "near"\ncue = "far"\n'


@pytest.mark.parametrize(
    ("one", "other"),
    [(RULE.replace("{}", "a"),) * 2, (SCOPE,) * 2, ('[sets]\nnear = ["F1.once"]\n', '[sets]\nnear = ["F2"]\n')],
)
def test_an_id_is_not_taken_twice(tmp_path: Path, one: str, other: str):
    (tmp_path / "a.toml").write_text(one)
    (tmp_path / "b.toml").write_text(other)
    with pytest.raises(ValueError, match="twice"):
        load(tmp_path)


def test_the_version_is_the_content(tmp_path: Path):
    for source in DEFAULT.glob("*.toml"):
        (tmp_path / source.name).write_text(source.read_text())
    assert load(tmp_path).version == BOOK.version
    (tmp_path / "zz.toml").write_text("# another word\n")
    load.cache_clear()
    assert load(tmp_path).version != BOOK.version


def _shown(prefix: str) -> bool:
    shown = {fact for rule in BOOK.rules for fact in rule.facts} | {d.fact for d in BOOK.derivations}
    return any(fact == prefix or fact.startswith(f"{prefix}.") for fact in shown)


def test_a_test_of_scope_that_looks_nowhere_is_refused(tmp_path: Path):
    (tmp_path / "a.toml").write_text(SCOPE.replace("near", "nearby"))
    with pytest.raises(ValueError, match="where"):
        load(tmp_path)


def test_an_answer_that_nothing_shows_and_a_rule_that_is_none_are_wrong():
    step = BOOK.steps[0].model_copy(update={"id": "N9", "answered_by": "F1.onec"})
    renamed = tuple(replace(rule, id="F1.siad") if rule.id == "F1.said" else rule for rule in BOOK.rules)
    assert check(replace(BOOK, steps=(*BOOK.steps, step))) == ["N9: nothing shows F1.onec"]
    assert check(replace(BOOK, rules=renamed)) == ["F1.said: no rule, and never doubted"]
