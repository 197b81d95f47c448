"""The codebook's ids in plain words, for people at a screen."""

from collections.abc import Iterable
from typing import Final

from services.escalation.domain.grading import Grade
from shared.assessment import RiskGroup
from shared.codebook import DangerClass, Flag, Label, Strand, Threat
from shared.facts import fact as fact
from shared.told import Times

CLASSES: Final = {
    DangerClass.life_at_risk: "Life at risk now",
    DangerClass.violence_threatened: "Violence or self-harm",
    DangerClass.veiled_or_stalking: "Veiled threat or stalking",
    DangerClass.everything_else: "Everything else",
}
SHAPES: Final = {1: "▲", 2: "◆", 3: "●", 4: "○"}
"""A shape for each danger class, so that nobody needs to tell the colours apart."""

GRADES: Final = {
    Grade.emergency: "Emergency",
    Grade.priority: "Priority",
    Grade.scheduled: "Scheduled",
    Grade.advice: "Advice",
}
LABELS: Final = {
    Label.stalking: "Stalking",
    Label.hate_incident: "Hate incident",
    Label.harassment: "Harassment",
    Label.asb: "Anti-social behaviour",
    Label.other: "Other",
}
THREATS: Final = {
    Threat.imminent: "Imminent threat",
    Threat.explicit: "Violence used or threatened",
    Threat.implied: "Veiled threat",
    Threat.none: "No threat found",
}
FLAGS: Final = {
    Flag.domestic: "Domestic",
    Flag.honour_based: "So-called honour",
    Flag.child_at_risk: "Child at risk",
    Flag.adult_at_risk: "Adult at risk",
    Flag.order_or_bail: "Order or bail broken",
    Flag.sexual: "Sexual",
    Flag.self_harm: "Self-harm",
    Flag.reporter_threat: "Reporter may do harm",
}
PICTURES: Final = {
    RiskGroup.four: "FOUR",
    RiskGroup.sdash: "S-DASH",
    RiskGroup.vulnerability: "Vulnerability",
    RiskGroup.weapons: "Weapons",
    RiskGroup.escalation: "Getting worse",
}
STRANDS: Final = {strand: strand.replace("_", " ").capitalize() for strand in Strand}
TIMES: Final = {
    Times.once: "Once",
    Times.two_to_five: "2 to 5 times",
    Times.more: "More often",
    Times.unsure: "Not sure",
}
WITHDRAWAL_ASKED: Final = "Asked to withdraw, perhaps under pressure"

QUEUES: Final = {
    "control_room": "Control room",
    "harassment": "Harassment",
    "hate_crime": "Hate crime",
    "neighbourhood": "Neighbourhood",
    "review": "Review",
}
LANGUAGES: Final = {
    **{"cy": "Welsh", "cs": "Czech or Slovak", "de": "German", "es": "Spanish", "fr": "French"},
    **{"hu": "Hungarian", "it": "Italian", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "pl": "Polish"},
    **{"pt": "Portuguese", "ro": "Romanian", "so": "Somali", "sq": "Albanian", "sw": "Swahili", "tl": "Tagalog"},
    **{"tr": "Turkish", "ur": "Urdu or Hindi", "bn": "Bengali", "pa": "Panjabi", "gu": "Gujarati", "ta": "Tamil"},
    **{"te": "Telugu", "si": "Sinhala", "ml": "Malayalam", "kn": "Kannada", "th": "Thai", "zh": "Chinese"},
    **{"ja": "Japanese", "ko": "Korean", "el": "Greek", "hy": "Armenian", "ka": "Georgian"},
    "und": "which language is not known",
}


def unreadable(notes: Iterable[str]) -> str | None:
    """Why the rules could not read a story, with the language to find an interpreter for; None where they could."""
    for note in notes:
        kind, _, name = note.partition(":")
        if note == "illegible":
            return "No words that could be read"
        if kind in ("language", "script"):
            return (
                f"Not in English: {LANGUAGES.get(name, name) if kind == 'language' else f'{name.capitalize()} script'}"
            )
    return None
