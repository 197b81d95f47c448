"""The words of the codebook that a report is labelled with."""

from enum import IntEnum, StrEnum


class Label(StrEnum):
    """Codebook §2, the most specific first: the order decides which is primary."""

    stalking = "stalking"
    hate_incident = "hate_incident"
    harassment = "harassment"
    asb = "asb"
    other = "other"


class Repetition(StrEnum):
    once = "once"
    repeated = "repeated"
    unclear = "unclear"


class Threat(StrEnum):
    """Codebook §4, the gravest first."""

    imminent = "imminent"
    explicit = "explicit"
    implied = "implied"
    none = "none"


class Strand(StrEnum):
    race = "race"
    religion = "religion"
    gender = "gender"
    sexual_orientation = "sexual_orientation"
    age = "age"
    disability = "disability"


class Effect(StrEnum):
    scared = "scared"
    distressed = "distressed"
    threatened = "threatened"


class Impact(StrEnum):
    mental_health = "mental_health"
    physical_health = "physical_health"
    work = "work"
    home = "home"
    daily_life = "daily_life"


class Flag(StrEnum):
    domestic = "domestic"
    honour_based = "honour_based"
    child_at_risk = "child_at_risk"
    adult_at_risk = "adult_at_risk"
    order_or_bail = "order_or_bail"
    sexual = "sexual"
    self_harm = "self_harm"
    reporter_threat = "reporter_threat"


class DangerClass(IntEnum):
    """Codebook §4: the control room's order, 1 first. A lower class is never put before a higher one."""

    life_at_risk = 1
    violence_threatened = 2
    veiled_or_stalking = 3
    everything_else = 4
