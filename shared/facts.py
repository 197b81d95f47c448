"""The codebook's ids in plain words, for people at a screen."""

from collections.abc import Mapping
from typing import Final

FACTS: Final[Mapping[str, str]] = {
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
