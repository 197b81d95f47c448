"""Labelled reports, and the facts that their gold labels say hold."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classifier.files import received
from shared.codebook import Flag, Label, Repetition, Strand, Threat
from shared.events import ReportReceived

BEHAVIOURS = (
    *(f"S{n}" for n in range(1, 7)),
    *(f"H{n}" for n in range(1, 12)),
    *(f"O{n}" for n in range(1, 9)),
    *(f"A{n}" for n in range(1, 10)),
)
FLAGS = tuple(f"F12.{flag}" for flag in Flag)
ALONE = (
    *("F6", "F2", "F10"),
    *(f"label.{label}" for label in Label),
    *BEHAVIOURS,
    *(f"F5.{strand}" for strand in Strand),
    *FLAGS,
)
"""The facts that hold or not whatever else does."""
ONE_OF = (
    tuple(f"primary.{label}" for label in Label),
    tuple(f"F7.{level}" for level in Threat),
    tuple(f"F1.{value}" for value in Repetition),
)
"""The facts of which exactly one holds."""
COLUMNS = (*ALONE, *(fact for choice in ONE_OF for fact in choice))
"""What the network scores, in its order; FACTS are those and what follows from them."""
FACTS = (*COLUMNS, "F7.urgent")
URGENT = {Threat.imminent.value, Threat.explicit.value}

LEARNED_FROM = sorted((Path(__file__).parent / "reports").glob("*.jsonl"))
HELD_OUT = sorted((Path(__file__).parent / "held_out").glob("*.jsonl"))
"""Labelled reports that the model learns from, and those that only its calibration sees."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One report with its gold."""

    report: ReportReceived
    gold: dict[str, Any]

    @property
    def id(self) -> str:
        return self.report.reference

    @property
    def levels(self) -> set[str]:
        """The levels of threat that a reader may give it."""
        return {self.gold["threat"], *self.gold.get("acceptable_threat", ())}

    @property
    def holds(self) -> frozenset[str]:
        """The facts that its gold says hold."""
        gold = self.gold
        shown = {f"F1.{gold['repetition']}", f"F7.{gold['threat']}", f"primary.{gold['primary']}", *gold["behaviours"]}
        shown |= {f"label.{label}" for label in gold["labels"]} | {f"F5.{strand}" for strand in gold["strands"]}
        shown |= {f"F12.{flag}" for flag in gold.get("flags", ())}
        stated = {"F2": gold["effect"], "F6": gold["online"], "F10": gold["happening_now"]}
        shown |= {fact for fact, held in stated.items() if held}
        return frozenset(shown | ({"F7.urgent"} if gold["threat"] in URGENT else set()))


def load(files: Iterable[Path]) -> list[Labelled]:
    """The reports of some files, by id; the gold is in the format of the codebook's dev.jsonl."""
    return sorted((report for file in files for report in _read(file)), key=lambda report: report.id)


def _read(file: Path) -> Iterator[Labelled]:
    for line in file.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            said = json.loads(line)
            yield Labelled(received(said), said["gold"])


def gold(reports: Sequence[Labelled]) -> Bools:
    """Which facts hold, [reports, FACTS]."""
    return np.array([[fact in report.holds for fact in FACTS] for report in reports])


def labelled(reports: Sequence[Labelled]) -> Bools:
    """Which facts the gold speaks of, [reports, FACTS]: not everybody who labelled a report said its flags."""
    return np.array([[fact not in FLAGS or "flags" in report.gold for fact in FACTS] for report in reports])
