"""Loading the rulebook from its data: TOML files, checked key by key, hashed, and compiled once."""

import hashlib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from services.classifier.domain import deep
from services.classifier.domain.established import index
from services.classifier.domain.guide import Guide, together
from services.classifier.domain.rules import Derivation, LabelRule, NextStep, Rule, Rulebook, Scope
from shared.finder import Finder, WrongPatternError
from shared.patterns import Words, lines
from shared.screen import THREAT_RULES, WORD_LISTS, words

DEFAULT = Path(__file__).parent / "rules"
DEEP = Path(__file__).parent / "deep.npz"


Lines = Annotated[tuple[str, ...], BeforeValidator(lines)]


class Data(BaseModel):
    """Rule data refuses what it does not know, so that no rule looks active and is ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleData(Data):
    id: str
    fact: str
    also: tuple[str, ...] = ()
    source: str = ""
    why: str
    patterns: Lines = Field(min_length=1)
    hits: Lines = Field(min_length=1)
    misses: Lines = ()
    scope: tuple[str, ...] | None = None
    most: int = 3
    screen: bool = True


class Defaults(Data):
    source: str
    scope: tuple[str, ...]


class RuleFile(Guide):
    defaults: Defaults | None = None
    rule: tuple[RuleData, ...] = ()
    scope: tuple[Scope, ...] = ()
    sets: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    derive: tuple[Derivation, ...] = ()
    label: tuple[LabelRule, ...] = ()
    step: tuple[NextStep, ...] = ()


@cache
def load(path: Path = DEFAULT) -> Rulebook:
    """The rulebook of a folder. Raises ValueError for no rules, an unknown key, an id taken twice or a wrong pattern.

    The rules for threats and the word lists are those of `shared`, unless it has its own `threat.toml` or `words.toml`.
    """
    own = {file.name: file for file in sorted(path.glob("*.toml"))}
    word_lists, threats = own.pop("words.toml", WORD_LISTS), own.pop("threat.toml", THREAT_RULES)
    if not own:
        raise ValueError("no rules in it: name the folder of the rulebook's *.toml")
    sources = [word_lists, threats, *own.values()]
    files = [_read(source) for source in sources[1:]]
    lists = words(word_lists)
    rules = tuple(_rules(files))
    _refuse_twice(rule.id for rule in rules)
    _refuse_twice(scope.id for file in files for scope in file.scope)
    _refuse_twice(name for file in files for name in file.sets)
    guide = together(files)
    scopes = {scope.id: scope for file in files for scope in file.scope}
    sets = {name: frozenset(facts) for file in files for name, facts in file.sets.items()}
    places = tuple((at, line) for at, rule in enumerate(rules) for line in range(len(rule.patterns)))
    return Rulebook(
        version=hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:16],
        rules=rules,
        lines=places,
        finder=_finder(rules, places, lists),
        tests=tuple(tuple(scopes[name] for name in sorted(rule.scope) if name in scopes) for rule in rules),
        scopes=scopes,
        sets=sets,
        derivations=tuple(derivation for file in files for derivation in file.derive),
        labels=tuple(rule for file in files for rule in file.label),
        steps=tuple(step for file in files for step in file.step),
        guide=guide,
        touched=index(guide.ways(), sets),
    )


@cache
def load_second(path: Path = DEFAULT, weights: Path = DEEP) -> Rulebook:
    """The same rules with the deep reader beside them: slower, and surer."""
    first = load(path)
    version = hashlib.sha256(first.version.encode() + weights.read_bytes()).hexdigest()[:16]
    return replace(first, version=version, second=deep.load(weights))


def _read(source: Path) -> RuleFile:
    try:
        return RuleFile.model_validate(tomllib.loads(source.read_text()))
    except ValidationError as error:
        fault = error.errors()[0]
        raise ValueError(f"{source.name}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{source.name}: not TOML: {error}") from error


def _finder(rules: Sequence[Rule], places: Sequence[tuple[int, int]], lists: Words) -> Finder:
    try:
        told = [text for rule in rules for text in (*rule.hits, *rule.misses)]
        return Finder([rules[at].patterns[line] for at, line in places], lists, told)
    except WrongPatternError as error:
        raise ValueError(f"{rules[places[error.at][0]].id}: {error}") from error


def _rules(files: list[RuleFile]) -> Iterable[Rule]:
    for file in files:
        for data in file.rule:
            yield _rule(data, file.defaults)


def _rule(data: RuleData, defaults: Defaults | None) -> Rule:
    scope = data.scope if data.scope is not None else defaults.scope if defaults else ()
    source = data.source or (defaults.source if defaults else "")
    if not source:
        raise ValueError(f"{data.id}: no source")
    return Rule(
        id=data.id,
        facts=(data.fact, *data.also),
        source=source,
        why=data.why,
        patterns=data.patterns,
        hits=data.hits,
        misses=data.misses,
        scope=frozenset(scope),
        most=data.most,
    )


def _refuse_twice(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise ValueError(f"id {name} is taken twice")
        seen.add(name)
