"""FOUR and S-DASH (facts.md): what is present, absent and unknown. Unknown is not no, and there is no score."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.events import Assessment, Effect, Label, Repetition, ReportReceived, Threat


class Sign(StrEnum):
    present = "present"
    absent = "absent"
    unknown = "unknown"


Picture = Mapping[str, Sign]

SEEKS_OUT: Final = frozenset({"S1", "S2", "S3", "S4", "S5", "S6", "O1", "O3", "O5", "O7", "O8"})
BY_FACT: Final = {
    "property damaged": {"H4"},
    "loitering": {"S3"},
    "third parties harassed": set[str](),
    "visits more than three times a week": set[str](),
    "others drawn in to help": set[str](),
    "drugs or alcohol": set[str](),
    "violence in the past": set[str](),
}


def four(assessment: Assessment) -> Picture:
    """Fixated, obsessive, unwanted, repeated."""
    behaviours = set(assessment.behaviours)
    return {
        "Fixated": _shown(assessment.fixation),
        "Obsessive": _shown(len(behaviours & SEEKS_OUT) > 1),
        "Unwanted": _shown(bool(behaviours or assessment.effect)),
        "Repeated": {
            Repetition.repeated: Sign.present,
            Repetition.once: Sign.absent,
            Repetition.unclear: Sign.unknown,
        }[assessment.repetition],
    }


def sdash(report: ReportReceived, assessment: Assessment) -> Picture:
    """The eleven questions. What a report does not tell is unknown: a person asks."""
    behaviours = set(assessment.behaviours)
    violent = assessment.threat in (Threat.imminent, Threat.explicit)
    asked = {
        "very frightened": _shown(Effect.scared in assessment.effect),
        "harassed before": _shown(report.history.reports > 0 or assessment.reported_before > 0),
        "threats of physical or sexual violence": _shown(violent),
        "violence towards people in this stalking": _shown(violent and "H7" in behaviours),
    }
    return asked | {question: _shown(bool(behaviours & facts)) for question, facts in BY_FACT.items()}


def stalks(assessment: Assessment) -> bool:
    """Whether the picture is to be gone through: stalking, or fixation on the way to it."""
    return Label.stalking in assessment.labels or assessment.fixation


def present(picture: Picture) -> int:
    return sum(sign is Sign.present for sign in picture.values())


def _shown(shown: bool) -> Sign:
    return Sign.present if shown else Sign.unknown
