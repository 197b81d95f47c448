"""Labelled reports, and the facts that their gold labels say hold."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.events import Answers, Flag, Label, Repetition, Strand, Threat, Times

BEHAVIOURS = (
    *(f"S{n}" for n in range(1, 7)),
    *(f"H{n}" for n in range(1, 12)),
    *(f"O{n}" for n in range(1, 9)),
    *(f"A{n}" for n in range(1, 10)),
)
FACTS = (
    *(f"F1.{value}" for value in Repetition),
    "F2",
    *(f"F5.{strand}" for strand in Strand),
    "F6",
    *(f"F7.{level}" for level in Threat),
    "F7.urgent",
    "F10",
    *(f"F12.{flag}" for flag in Flag),
    *BEHAVIOURS,
    *(f"label.{label}" for label in Label),
    *(f"primary.{label}" for label in Label),
)
URGENT = {"imminent", "explicit"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """One report with its gold, and who wrote it."""

    id: str
    writer: str
    text: str
    answers: Answers
    gold: dict[str, Any]

    @property
    def holds(self) -> frozenset[str]:
        """The facts that its gold says hold."""
        gold = self.gold
        shown = {f"F1.{gold['repetition']}", f"F7.{gold['threat']}", f"primary.{gold['primary']}", *gold["behaviours"]}
        shown |= {f"label.{label}" for label in gold["labels"]} | {f"F5.{strand}" for strand in gold["strands"]}
        shown |= {f"F12.{flag}" for flag in gold.get("flags", ())}
        flagged = {"F2": gold["effect"], "F6": gold["online"], "F10": gold["happening_now"]}
        shown |= {fact for fact, held in flagged.items() if held}
        return frozenset(shown | ({"F7.urgent"} if gold["threat"] in URGENT else set()))


def load(files: Iterable[Path]) -> list[Labelled]:
    """The reports of some files, in the order of file name and line: the writer is the name of the file."""
    return [report for file in sorted(files, key=lambda f: f.name) for report in _read(file)]


def _read(file: Path) -> Iterator[Labelled]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip():
            said = json.loads(line)
            yield Labelled(said["id"], file.stem, said["text"], answers(said.get("answers") or {}), said["gold"])


def answers(said: dict[str, Any]) -> Answers:
    """The form's answers; what the contract has no word for is left out."""
    before = said.get("reported_before")
    return Answers(
        times=Times(said["times"]) if said.get("times") in set(Times) else None,
        feeling=tuple(str(feeling) for feeling in said.get("feeling") or ()),
        reported_before=before if isinstance(before, int) else None,
        when=said.get("when"),
        landlord=said.get("landlord"),
    )
