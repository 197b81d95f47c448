"""What reading a report costs: `python -m tests.bench.classifier`.

In one run and over the same texts: the first reading, all that is said beside the labels, and what one would write
without any of it: a loop of `re` over the same patterns, words looked up in a set, and medspaCy's ConText. It does not
run beside Heard's numpy, so it is measured where it is installed (`python -m venv v`, `v/bin/pip install medspacy
google-re2 pydantic pydantic-settings`, `v/bin/python -m tests.bench.classifier`) and left out elsewhere.

Every text is new to whoever reads it, for a text seen before flatters an automaton that caches. Then the curve up to
1 MiB, and memory. Times are of the processor, so that what else runs on the machine does not count as ours.
"""

import json
import random
import re
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from services.classifier.domain.account import account
from services.classifier.domain.assess import assess
from services.classifier.domain.reading import read
from services.classifier.domain.rules import Rulebook
from services.classifier.rulebook import load
from shared.patterns import expand
from shared.screen import words as word_lists
from tests.builders import report

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "reports.jsonl"
WORDS = 100
TEXTS = 400
SLOW_TEXTS = 60
TARGET = 300  # microseconds for a report of 100 words
CURVE = tuple(2**power for power in (10, 12, 14, 16, 18, 20))  # bytes

Reads = Callable[[str], object]


def texts(count: int, words: int, seed: int) -> list[str]:
    """Reports of so many words, none like another: one of the demo's from anywhere on, then others until it is long."""
    chance = random.Random(seed)
    told = [json.loads(line)["text"].split(" ") for line in DEMO.read_text().splitlines() if line.strip()]
    return [" ".join(_told(chance, told, words)) for _ in range(count)]


def _told(chance: random.Random, told: list[list[str]], words: int) -> list[str]:
    said: list[str] = []
    while len(said) < words:
        one = chance.choice(told)
        said += one[chance.randrange(len(one)) :]
    return said[:words]


def each(reads: Reads, over: list[str]) -> list[float]:
    """Microseconds for each text, none of them read before; the first tenth only warms up."""
    took = []
    for text in over:
        began = time.thread_time()
        reads(text)
        took.append((time.thread_time() - began) * 1e6)
    return took[len(took) // 10 :]


def loop_of_re(rulebook: Rulebook) -> Reads:
    lists = word_lists()
    patterns = [re.compile(expand(pattern, lists)) for rule in rulebook.rules for pattern in rule.patterns]

    def reads(text: str) -> list[Any]:
        low = text.lower()
        return [pattern.search(low) for pattern in patterns]

    return reads


def looked_up(rulebook: Rulebook) -> Reads:
    known = {word for rule in rulebook.rules for hit in rule.hits for word in hit.lower().split()}
    return lambda text: [word for word in text.lower().split() if word in known]


def medspacy_context(rulebook: Rulebook) -> Reads:
    import medspacy
    from loguru import logger
    from medspacy.ner import TargetRule

    logger.disable("PyRuSH")  # it writes every sentence out, which is not its reading
    pipeline = medspacy.load(enable=["medspacy_pyrush", "medspacy_target_matcher", "medspacy_context"])
    said = {hit.lower() for rule in rulebook.rules for hit in rule.hits}
    said |= {word for rule in rulebook.rules for hit in rule.hits for word in hit.lower().split() if len(word) > 4}
    pipeline.get_pipe("medspacy_target_matcher").add([TargetRule(literal, "FACT") for literal in sorted(said)])
    return pipeline


def contestants(rulebook: Rulebook) -> Iterator[tuple[str, Reads, list[str]]]:
    few, many = texts(SLOW_TEXTS, WORDS, seed=2), texts(TEXTS, WORDS, seed=1)
    yield "first reading: facts and labels (`assess`)", lambda text: assess(report(text=text), rulebook), many
    yield "the whole: risk, offences, support, why (`account`)", lambda text: account(report(text=text), rulebook), many
    yield (
        "  of it, normalising and finding which patterns occur",
        lambda text: rulebook.finder.Match(read(text).normal.data),
        many,
    )
    yield "words looked up in a set: nothing is cheaper", looked_up(rulebook), many
    yield "a loop of `re` over the same patterns", loop_of_re(rulebook), few
    if find_spec("medspacy"):
        yield "medspaCy: ConText and a matcher of the same words", medspacy_context(rulebook), few


def compared(rulebook: Rulebook) -> Iterator[str]:
    yield f"| reader, {WORDS} words | median µs | p95 µs | times the first reading |\n|---|---|---|---|"
    base = 0.0
    for name, reads, over in contestants(rulebook):
        took = each(reads, over)
        median = statistics.median(took)
        base = base or median
        yield f"| {name} | {median:.0f} | {statistics.quantiles(took, n=20)[18]:.0f} | {median / base:.1f} |"
    yield f"\nTarget: {TARGET} µs. First reading: {base:.0f} µs.\n"


def curve(rulebook: Rulebook) -> Iterator[str]:
    yield "| text | KiB | ms | µs a KiB |\n|---|---|---|---|"
    told = " ".join(texts(2000, WORDS, seed=3))
    odd = {"one word": "kill " * (2**20 // 5), "newlines": "\n" * 2**20, "no space": "a" * 2**20, "emoji": "🔪" * 2**18}
    for name, text in [*(("sentences", told[:size]) for size in CURVE), *odd.items()]:
        took = min(each(lambda said: account(report(text=said), rulebook), [text] * 3))
        size = len(text.encode()) / 1024
        yield f"| {name} | {size:.0f} | {took / 1000:.1f} | {took / size:.0f} |"


def memory() -> float:
    """MiB, the most that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    before = memory()
    began = time.perf_counter()
    rulebook = load()
    print(f"{len(rulebook.rules)} rules, {len(rulebook.lines)} patterns, loaded in {time.perf_counter() - began:.1f} s")
    print(f"memory: {before:.0f} MiB before the rules, {memory():.0f} MiB with them\n")
    for line in (*compared(rulebook), *curve(rulebook)):
        print(line)
    print(f"\nmemory, after 1 MiB was read: {memory():.0f} MiB")


if __name__ == "__main__":
    main()
