"""Whether a rulebook keeps its own promises: examples that hit and miss, ids and facts that exist."""

import re
from collections.abc import Iterator

from services.classifier.domain.combine import OF_THE_WHOLE, OUTRIGHT
from services.classifier.domain.established import FEW
from services.classifier.domain.lexical import lexical
from services.classifier.domain.reading import read
from services.classifier.domain.rules import Condition, Rule, Rulebook
from shared.codebook import Label

_FACT = re.compile(r"(?:F\d+|[SHOA]\d+|X|R|note|L\d)(?:\.[a-z_]+)?")


def check(rulebook: Rulebook) -> list[str]:
    """Everything that is wrong, a line each; empty where nothing is."""
    return [*_examples(rulebook), *_scopes(rulebook), *_terms(rulebook), *_outright(rulebook)]


def shows(rule: Rule, example: str, rulebook: Rulebook) -> bool:
    """Whether the rule proposes its fact for the example, scope and all."""
    return any(proposal.rule == rule.id for proposal in lexical(read(example), rulebook))


def _examples(rulebook: Rulebook) -> Iterator[str]:
    for rule in rulebook.rules:
        yield from (f"{rule.id} misses its hit: {hit}" for hit in rule.hits if not shows(rule, hit, rulebook))
        yield from (f"{rule.id} hits its miss: {miss}" for miss in rule.misses if shows(rule, miss, rulebook))


def _scopes(rulebook: Rulebook) -> Iterator[str]:
    known = rulebook.scopes.keys() | {"operator", "unanswered", "caller", "by_operator"}
    for rule in rulebook.rules:
        yield from (f"{rule.id}: no scope {name}" for name in sorted(rule.scope - known))


def _outright(rulebook: Rulebook) -> Iterator[str]:
    ids = {rule.id for rule in rulebook.rules} | {derivation.id for derivation in rulebook.derivations}
    yield from (f"{name}: no rule, and never doubted" for name in sorted(OUTRIGHT - ids))


def _terms(rulebook: Rulebook) -> Iterator[str]:
    shown = {fact for rule in rulebook.rules for fact in rule.facts} | {d.fact for d in rulebook.derivations}
    shown |= {
        "F1.repeated",
        "F1.once",
        "F1.unsure",
        "F10.answer",
        "F1.occasions",
        "F9",
        "F11",
        "X.effect_answered",
        "X.two_acts",
    } | OF_THE_WHOLE
    conditions: list[Condition] = [*rulebook.derivations, *rulebook.labels, *rulebook.steps]
    for condition in conditions:
        for term in condition.when:
            yield from _unknown(condition.id, term.removeprefix("!"), shown, rulebook)
    for step in rulebook.steps:
        if step.answered_by:
            yield from _unknown(step.id, step.answered_by, shown, rulebook)
    beside = shown | {f"label.{label}" for label in Label} | {FEW}
    for entry, way in rulebook.guide.ways():
        for term in way:
            yield from _unknown(entry, term.removeprefix("!"), beside, rulebook)
    yield from (f"{fact}: not a fact" for fact in sorted(shown) if not _FACT.fullmatch(fact))


def _unknown(condition: str, term: str, shown: set[str], rulebook: Rulebook) -> Iterator[str]:
    if "@" not in term:
        if term not in shown:
            yield f"{condition}: nothing shows {term}"
    elif (name := term.split("@")[1]) not in rulebook.sets:
        yield f"{condition}: no set {name}"
    elif not rulebook.sets[name] & shown:
        yield f"{condition}: nothing shows any of {name}"
