"""The codebook's ids in plain words, for people at a screen."""

from typing import Final

from services.escalation.domain.grading import Grade
from shared.events import DangerClass, Flag, Label, RiskGroup, Strand, Threat

CLASSES: Final = {
    DangerClass.life_at_risk: "Life at risk now",
    DangerClass.violence_threatened: "Violence or self-harm",
    DangerClass.veiled_or_stalking: "Veiled threat or stalking",
    DangerClass.everything_else: "No danger found",
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
QUEUES: Final = {
    "control_room": "Control room",
    "harassment": "Harassment",
    "hate_crime": "Hate crime",
    "neighbourhood": "Neighbourhood",
    "review": "Review",
}
FACTS: Final = {
    "F1": "Repetition", "F2": "Effect", "F4": "Fixation", "F5": "Strand", "F6": "Online", "F7": "Threat",
    "F8": "Impact", "F9": "Reported before", "F10": "Happening now", "F11": "Safe contact", "F12": "Flag",
    "S1": "Following", "S2": "Going to a home", "S3": "Hanging around", "S4": "Watching", "S5": "Identity theft",
    "S6": "Posting about somebody", "H1": "Abusive messages", "H2": "Abusive posts", "H3": "Neighbour dispute",
    "H4": "Damage", "H5": "Offensive calls", "H6": "Intimidation", "H7": "Violence or its threat",
    "H8": "Abusive language", "H9": "Demands", "H10": "Bullying", "H11": "Unwanted contact or gifts",
    "O1": "Monitoring", "O2": "Unasked photos", "O3": "Getting into accounts", "O4": "Spam or viruses",
    "O5": "Impersonating", "O6": "Threat to share", "O7": "Tracking", "O8": "Control by technology",
    "A1": "Begging", "A2": "Hoax calls", "A3": "Noise", "A4": "Rowdy conduct", "A5": "Vandalism", "A6": "Rubbish",
    "A7": "Vehicles", "A8": "Trespass", "A9": "Other nuisance",
}  # fmt: skip


def fact(id_: str) -> str:
    """`F7.explicit` as `Threat: explicit`; an id that has no words stays as it is."""
    name, _, value = id_.partition(".")
    words = FACTS.get(name, name)
    return f"{words}: {value.replace('_', ' ')}" if value else words
