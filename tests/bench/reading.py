"""What reading one report costs: in one run and over the same texts, ours and what one would write or take instead.

Every text is new to whoever reads it, for a text seen before flatters an automaton that caches. Times are of the
processor, so that what else runs on the machine does not count as ours. medspaCy does not run beside Heard's numpy, so
it and scikit-learn have a `.venv` of their own, made here from `rivals.lock`; where that cannot be made, it is said.
"""

import json
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from deploy.local.stack import ROOT
from services.classifier.domain.account import account
from services.classifier.domain.assess import assess
from services.classifier.domain.reading import read
from services.classifier.domain.rules import Rulebook
from services.classifier.rulebook import load
from shared.patterns import expand
from shared.screen import words as word_lists
from tests.bench.figures import Found, Row, Say, Scale, Table
from tests.bench.rivals import each
from tests.bench.telling import WORDS, texts
from tests.builders import report

HERE: Final = Path(__file__).parent
VENV: Final = ROOT / ".venv-rivals"
TARGET: Final = 300  # microseconds of processor for the first reading of 100 words
CURVE: Final = tuple(2**power for power in (10, 12, 14, 16, 18, 20))  # bytes

Reads = Callable[[str], object]


def measured(scale: Scale, say: Say) -> Found:
    began = time.perf_counter()
    rulebook = load()
    loaded = time.perf_counter() - began
    say(f"{len(rulebook.rules)} rules")
    took = {name: each(reads, over) for name, reads, over in _ours(rulebook, scale)}
    say("medspaCy and scikit-learn")
    rivals = _rivals(rulebook, scale)
    say("texts up to 1 MiB")
    curve = list(_curve(rulebook))
    first = statistics.median(took[FIRST])
    lines = [_line(name, found, first) for name, found in (took | rivals).items()]
    size = f"{len(rulebook.rules)} rules, {len(rulebook.lines)} patterns, loaded in {loaded:.1f} s, {_memory():.0f} MiB"
    tables = [
        Table(f"Reading {WORDS} words", ("reader", "median µs", "p95 µs", "times the first reading"), lines, size),
        Table("Reading longer texts (`account`)", ("text", "KiB", "ms", "µs a KiB"), curve),
    ]
    return Found(list(_rows(first, rivals)), tables)


FIRST: Final = "first reading: facts and labels (`assess`)"


def _ours(rulebook: Rulebook, scale: Scale) -> Iterator[tuple[str, Reads, list[str]]]:
    few, many = texts(scale.slow_texts, WORDS, seed=2), texts(scale.texts, WORDS, seed=1)
    yield FIRST, lambda text: assess(report(text=text), rulebook), many
    yield "the whole: risk, offences, support, why (`account`)", lambda text: account(report(text=text), rulebook), many
    yield (
        "of it, normalising and finding which patterns occur",
        lambda text: rulebook.finder.occurring(read(text).normal),
        many,
    )
    yield "words looked up in a set: nothing is cheaper", _looked_up(rulebook), many
    yield "a loop of `re` over the same patterns", _loop_of_re(rulebook), few


def _loop_of_re(rulebook: Rulebook) -> Reads:
    lists = word_lists()
    patterns = [re.compile(expand(pattern, lists)) for rule in rulebook.rules for pattern in rule.patterns]

    def reads(text: str) -> list[Any]:
        low = text.lower()
        return [pattern.search(low) for pattern in patterns]

    return reads


def _looked_up(rulebook: Rulebook) -> Reads:
    known = {word for rule in rulebook.rules for hit in rule.hits for word in hit.lower().split()}
    return lambda text: [word for word in text.lower().split() if word in known]


def _rivals(rulebook: Rulebook, scale: Scale) -> dict[str, list[float]]:
    """Nothing where they could not be installed."""
    said = {hit.lower() for rule in rulebook.rules for hit in rule.hits}
    said |= {word for rule in rulebook.rules for hit in rule.hits for word in hit.lower().split() if len(word) > 4}
    taught = [(text, str(assess(report(text=text), rulebook).primary)) for text in texts(scale.texts, WORDS, seed=4)]
    given = {"texts": texts(scale.slow_texts, WORDS, seed=2), "words": sorted(said), "taught": taught}
    try:
        _install()
    except subprocess.CalledProcessError:
        return {}
    command = [str(VENV / "bin" / "python"), str(HERE / "rivals.py")]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def _install() -> None:
    """Once for each lock."""
    lock, stamp = HERE / "rivals.lock", VENV / "lock"
    if stamp.exists() and stamp.read_text() == lock.read_text():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    pip = [str(VENV / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "-r", str(lock)], check=True)
    stamp.write_text(lock.read_text())


def _rows(first: float, rivals: dict[str, list[float]]) -> Iterator[Row]:
    medians = {name.split(":")[0]: statistics.median(took) for name, took in rivals.items()}
    bound = f"{first:.0f} µs of one core, the target being {TARGET}: finding which patterns occur, and their scope"
    if not medians:
        bound = "not held against anything: medspaCy and scikit-learn could not be installed from the package index"
    for name, wanted in (("medspaCy", 10.0), ("scikit-learn", 0.0)):
        ceiling = 1e6 / medians[name] if medians else 0.0
        yield Row("classification of one report", "reports/s", 1e6 / first, name, ceiling, wanted, bound)


def _line(name: str, took: list[float], first: float) -> list[str]:
    median = statistics.median(took)
    return [name, f"{median:.0f}", f"{statistics.quantiles(took, n=20)[18]:.0f}", f"{median / first:.1f}"]


def _curve(rulebook: Rulebook) -> Iterator[list[str]]:
    told = " ".join(texts(2000, WORDS, seed=3))
    odd = {"one word": "kill " * (2**20 // 5), "newlines": "\n" * 2**20, "no space": "a" * 2**20, "emoji": "🔪" * 2**18}
    for name, text in [*(("sentences", told[:size]) for size in CURVE), *odd.items()]:
        took = min(each(lambda said: account(report(text=said), rulebook), [text] * 3))
        size = len(text.encode()) / 1024
        yield [name, f"{size:.0f}", f"{took / 1000:.1f}", f"{took / size:.0f}"]


def _memory() -> float:
    """MiB, the most that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
