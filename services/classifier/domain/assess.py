"""One report in, one assessment out: read, establish, apply. Pure: same report and rulebook, same bytes."""

import re
from dataclasses import dataclass

from services.classifier.domain import danger, labels, language
from services.classifier.domain.beside import beside
from services.classifier.domain.combine import combine
from services.classifier.domain.cuts import across_cuts
from services.classifier.domain.deep import Weighed
from services.classifier.domain.facts import Facts, by_line, establish, noted
from services.classifier.domain.lexical import lexical
from services.classifier.domain.proposals import Proposal
from services.classifier.domain.reading import Reading, heard
from services.classifier.domain.rules import Rulebook
from shared.assessment import Assessment, Evidence, HeldRule, times_reported
from shared.codebook import Effect, Flag, Impact, Label, Strand
from shared.events import ReportReceived
from shared.told import CallState, History

_BEHAVIOUR = re.compile(r"[SHOA]\d+")
_EFFECTS = {f"F2.{effect}": effect for effect in Effect}
_STRANDS = {f"F5.{strand}": strand for strand in Strand}
_IMPACTS = {f"F8.{impact}": impact for impact in Impact}
_FLAGS = {f"F12.{flag}": flag for flag in Flag}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the readers see in a report itself, whatever was told before it."""

    report: ReportReceived
    reading: Reading
    proposals: tuple[Proposal, ...]
    unread: str | None
    weighed: Weighed | None


def assess(report: ReportReceived, rulebook: Rulebook) -> Assessment:
    """What a trained person with the codebook would say of this report, with the words that show it."""
    return judge(see(report, rulebook), report.history, rulebook)


def see(report: ReportReceived, rulebook: Rulebook) -> Seen:
    reading = heard(report)
    unread = language.unread(reading)
    said = sorted((*lexical(reading, rulebook), *across_cuts(reading, rulebook)), key=_place)
    proposals = tuple(by_line((*said, *beside(report, rulebook)), report.call))
    if rulebook.second and not unread and len(reading.told.split()) > 1:  # of a single word, a model only guesses
        return Seen(report, reading, proposals, None, rulebook.second.weigh(reading, report.answers))
    return Seen(report, reading, proposals, unread, None)


def judge(seen: Seen, history: History, rulebook: Rulebook) -> Assessment:
    """The assessment of what was seen, after this history."""
    report, unread = seen.report, seen.unread
    facts = establish(seen.proposals, report.answers, history, rulebook)
    given = labels.held(facts, rulebook)
    if rulebook.second and seen.weighed:
        facts = noted(combine(facts, given, seen.reading, seen.weighed, rulebook.second), rulebook)
        given = labels.held(facts, rulebook)
    if unread:
        given = _by_the_form(seen, history, rulebook) or (
            HeldRule(label=Label.other, rule="L5.unread", facts=(unread,), why="never guessed: a person reads it"),
        )
    dropped = report.call is not None and report.call.state is CallState.dropped
    return _assessment(facts, given, unread, rulebook, dropped)


def _by_the_form(seen: Seen, history: History, rulebook: Rulebook) -> tuple[HeldRule, ...]:
    """What was answered says alone, of a story that nobody could read. That it is nuisance would be a guess."""
    answered = (proposal for proposal in seen.proposals if proposal.origin != "text")
    given = labels.held(establish(answered, seen.report.answers, history, rulebook), rulebook)
    return tuple(rule for rule in given if rule.label not in (Label.asb, Label.other))


def _place(proposal: Proposal) -> tuple[int, int, str, str]:
    start = -1 if proposal.start is None else proposal.start
    return start, proposal.end or 0, proposal.rule, proposal.fact


def _assessment(
    facts: Facts, given: tuple[HeldRule, ...], unread: str | None, rulebook: Rulebook, dropped: bool
) -> Assessment:
    named = tuple(rule.label for rule in given)
    lacking, ask = ((), None) if unread else labels.missing(facts, given, rulebook)
    return Assessment(
        rulebook=rulebook.version,
        reading=2 if rulebook.second else 1,
        primary=named[0],
        labels=named,
        repetition=labels.repetition(facts),
        effect=tuple(effect for fact, effect in _EFFECTS.items() if fact in facts.shown),
        behaviours=tuple(sorted(filter(_BEHAVIOUR.fullmatch, facts.shown), key=_order)),
        fixation="F4" in facts.shown,
        strands=tuple(strand for fact, strand in _STRANDS.items() if fact in facts.shown),
        online="F6" in facts.shown,
        threat=danger.threat(facts),
        impact=tuple(impact for fact, impact in _IMPACTS.items() if fact in facts.shown),
        reported_before=_reported_before(facts),
        happening_now="F10" in facts.shown,
        safe_contact=tuple(dict.fromkeys(p.quote for p in facts.shown.get("F11", ()))),
        flags=tuple(flag for fact, flag in _FLAGS.items() if fact in facts.shown),
        danger_class=danger.danger_class(facts, named, dropped),
        notes=(*((unread,) if unread else ()), *facts.of("note.")),
        held=given,
        missing=lacking,
        evidence=_evidence(facts),
        ask=ask,
    )


def _order(fact: str) -> tuple[int, int, str]:
    return "SOHA".find(fact[0]), int(fact[1:]), fact


def _reported_before(facts: Facts) -> int:
    return max((times_reported(p.origin, p.quote) for p in facts.shown.get("F9", ())), default=0)


def _evidence(facts: Facts) -> tuple[Evidence, ...]:
    """The words for each fact."""
    return tuple(
        Evidence(fact=p.fact, rule=p.rule, origin=p.origin, start=p.start, end=p.end, quote=p.quote)
        for fact in sorted(facts.shown)
        for p in facts.shown[fact][:3]
        if not fact.startswith("note.")
    )
