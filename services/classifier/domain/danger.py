"""Threat of violence and the control room's order (codebook §4)."""

from services.classifier.domain.facts import Facts
from shared.codebook import DangerClass, Label, Threat


def threat(facts: Facts) -> Threat:
    """The gravest level shown."""
    return next((level for level in Threat if f"F7.{level}" in facts.shown), Threat.none)


def danger_class(facts: Facts, labels: tuple[Label, ...], dropped: bool = False) -> DangerClass:
    """1: imminent, or life at risk now. 2: explicit, stalking now, self-harm. 3: implied, stalking. 4: the rest.

    A call `dropped` in the middle of violence is class 1: threatened in so many words, or veiled and going on.
    """
    level, now = threat(facts), "F10" in facts.shown
    if level is Threat.imminent or "X.life_at_risk" in facts.shown:
        return DangerClass.life_at_risk
    if dropped and (level is Threat.explicit or (now and level is Threat.implied)):
        return DangerClass.life_at_risk
    if level is Threat.explicit or "F12.self_harm" in facts.shown or (now and Label.stalking in labels):
        return DangerClass.violence_threatened
    if level is Threat.implied or Label.stalking in labels:
        return DangerClass.veiled_or_stalking
    return DangerClass.everything_else
