"""The urgent lane's screen: the threat rulebook's own patterns, without their scope tests (design.md 3).

Whoever, whenever, negated or not: recall first. The classifier reads the same `threat.toml` with its scope tests.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from shared.patterns import Words, alternatives, compile_filter, lines, normalise

HERE = Path(__file__).parent
THREAT_RULES = HERE / "threat.toml"
WORD_LISTS = HERE / "words.toml"


def words(path: Path = WORD_LISTS) -> Words:
    """The word lists that patterns may name."""
    lists: dict[str, str] = tomllib.loads(path.read_text())["words"]
    return lists


def screen(text: str) -> tuple[str, ...]:
    """The ids of the threat rules whose patterns occur in the text, whatever is said around them."""
    ids, chosen = _compiled()
    return tuple(ids[index] for index in sorted(chosen.Match(normalise(text).data) or ()))


@cache
def _compiled() -> tuple[tuple[str, ...], Any]:
    rules = [rule for rule in tomllib.loads(THREAT_RULES.read_text())["rule"] if rule.get("screen", True)]
    lists = words()
    return tuple(rule["id"] for rule in rules), compile_filter(
        alternatives(lines(rule["patterns"]), lists) for rule in rules
    )
