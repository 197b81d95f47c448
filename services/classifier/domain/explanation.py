"""Why, in paragraphs: for the reporter from their own report alone, for staff with rules, facts, spans and links."""

from collections.abc import Iterator, Mapping, Sequence

from services.classifier.domain import deep
from services.classifier.domain.guide import Phrase
from shared.assessment import UNREADABLE, Assessment, Evidence, Explanation, PossibleOffence
from shared.codebook import DangerClass, Flag, Label, Repetition, Threat
from shared.told import History

Phrases = Mapping[str, Phrase]

TOLD_BESIDE = ("F1.repeated", "F2.scared", "F2.distressed", "F2.threatened", "F4")
MOST_QUOTED = 2
SUPPOSED = f"{deep.RULE}.label.stalking"
"""Behaviours that rest on this alone were taken for the likeliest, so that a label may stand: nobody told of them."""
PLAIN = "D.effect_"
AGAINST = {"F1.repeated": "F1.once", "F2.distressed": "F2.mild"}


def explain(
    whole: Assessment, own: Assessment, own_offences: Sequence[PossibleOffence], history: History, phrases: Phrases
) -> Explanation:
    """`own` is the assessment without earlier reports, and all that the reporter's paragraphs rest on."""
    return Explanation(
        reporter=tuple(_for_reporter(own, own_offences, phrases)), staff=tuple(_for_staff(whole, history))
    )


def _for_reporter(own: Assessment, offences: Sequence[PossibleOffence], phrases: Phrases) -> Iterator[str]:
    if _unread(own):
        yield phrases["unread"].words
    else:
        yield _what_it_may_be(own, phrases)
        yield from _because(own, phrases)
        if own.repetition is Repetition.once and own.primary is not Label.other:
            yield phrases["once"].words
        if own.missing and own.threat not in (Threat.explicit, Threat.imminent) and not _grave(own):
            yield f"{phrases['more'].words} {'; '.join(one.words for one in own.missing)}."
        if own.online and {Label.stalking, Label.harassment}.intersection(own.labels):
            yield phrases["online"].words
        yield from (f"{phrases['offence'].words} {one.line}" for one in offences if not one.staff_only)
    yield phrases["next"].words
    if own.danger_class is not DangerClass.everything_else or _unread(own):
        yield phrases["danger"].words


def _what_it_may_be(own: Assessment, phrases: Phrases) -> str:
    if own.primary is Label.other and Flag.self_harm in own.flags:
        return phrases["label.other.self_harm"].words
    if own.primary is Label.other:
        return phrases["label.other.grave" if _grave(own) else "label.other"].words
    named = [phrases[f"label.{label}"] for label in own.labels]
    first, *rest = (phrase.words for phrase in named)
    also = f", and also {' and '.join(rest)}" if rest else ""
    return f"{phrases['begin'].words} {first}{also}. {named[0].source}"


def _because(own: Assessment, phrases: Phrases) -> Iterator[str]:
    """What was told: no effect that is only plain, and not what a model alone says against the reporter's own word."""
    shown = {seen.fact for seen in own.evidence if not seen.rule.startswith(PLAIN)}
    told = {seen.fact for seen in own.evidence if seen.origin != "model"}
    shown -= {fact for fact, word in AGAINST.items() if word in shown and fact not in told}
    beside = (*TOLD_BESIDE, *(f"F5.{strand}" for strand in own.strands))
    supposed = {seen.fact for seen in own.evidence if seen.rule == SUPPOSED}
    facts = [*(fact for fact in own.behaviours if fact not in supposed), *(fact for fact in beside if fact in shown)]
    if said := [phrases[fact].words for fact in facts if fact in phrases]:
        yield f"{phrases['read' if own.primary is Label.other else 'because'].words} {'; '.join(said)}."
    elif own.primary is not Label.other:
        yield phrases["whole"].words


def _grave(own: Assessment) -> bool:
    """A crime against a person that is none of ours: whoever suffered it is not told what was missing for a label."""
    grave = {Flag.sexual, Flag.order_or_bail}.intersection(own.flags)
    return own.primary is Label.other and ("H7" in own.behaviours or bool(grave))


def _for_staff(whole: Assessment, history: History) -> Iterator[str]:
    by_fact: dict[str, list[Evidence]] = {}
    for seen in whole.evidence:
        by_fact.setdefault(seen.fact, []).append(seen)
    for held in whole.held:
        rests = "; ".join(_shown(fact, by_fact[fact]) for fact in held.facts if fact in by_fact)
        yield f"{held.label} by {held.rule}: {held.why}." + (f" Rests on {rests}." if rests else "")
    if behaviours := "; ".join(_shown(fact, by_fact[fact]) for fact in whole.behaviours if fact in by_fact):
        yield f"Behaviours: {behaviours}."
    if whole.threat is not Threat.none:
        level = f"F7.{whole.threat}"
        yield f"Threat {whole.threat}, danger class {whole.danger_class}: {_shown(level, by_fact.get(level, []))}."
    if "F1.once" in by_fact and "F1.repeated" in by_fact:
        both = "; ".join(_shown(fact, by_fact[fact]) for fact in ("F1.once", "F1.repeated"))
        yield f"Sources disagree on repetition, and the more protective one holds: {both}."
    if history.reports:
        references = ", ".join(history.references) or "no references"
        read = f" Read as {', '.join((*history.labels, *history.strands))}." if history.labels else ""
        yield f"Earlier reports linked: {history.reports} ({references}).{read} Not for the reporter."
    yield from (f"Missing for {one.label} ({one.fact}): {one.words}." for one in whole.missing)
    if whole.ask:
        yield f"Ask next: {whole.ask}"


def _shown(fact: str, evidence: Sequence[Evidence]) -> str:
    return f"{fact} " + ", ".join(_quoted(seen) for seen in evidence[:MOST_QUOTED])


def _quoted(seen: Evidence) -> str:
    place = seen.origin if seen.start is None else f"{seen.start}–{seen.end}"
    return f"“{seen.quote}” ({place}, {seen.rule})"


def _unread(own: Assessment) -> bool:
    return any(note.startswith(UNREADABLE) for note in own.notes)
