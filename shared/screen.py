"""The urgent lane's screen: the threat rulebook's own patterns, without their scope tests (design.md 3).

Whoever, whenever, negated or not: recall first. The classifier reads the same `threat.toml` with its scope tests.
"""

import tomllib
from functools import cache
from pathlib import Path

from shared.finder import Finder
from shared.patterns import Words, lines, normalise

HERE = Path(__file__).parent
THREAT_RULES = HERE / "threat.toml"
WORD_LISTS = HERE / "words.toml"


def words(path: Path = WORD_LISTS) -> Words:
    """The word lists that patterns may name."""
    lists: dict[str, str] = tomllib.loads(path.read_text())["words"]
    return lists


def screen(*texts: str) -> tuple[str, ...]:
    """The ids of the threat rules whose patterns occur in any of the texts, whatever is said around them."""
    rules, finder = _compiled()
    return tuple(dict.fromkeys(rules[at] for text in texts for at in finder.occurring(normalise(text))))


@cache
def _compiled() -> tuple[tuple[str, ...], Finder]:
    """The rule of each pattern, and the patterns."""
    rules = [rule for rule in tomllib.loads(THREAT_RULES.read_text())["rule"] if rule.get("screen", True)]
    written = [(rule["id"], line) for rule in rules for line in lines(rule["patterns"])]
    told = [line for rule in rules for line in (*lines(rule["hits"]), *lines(rule.get("misses", ())))]
    return tuple(rule for rule, _ in written), Finder([line for _, line in written], words(), told)
