"""What has been established: from the words, the answers beside them and earlier reports, with its evidence."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations
from typing import Final

from services.classifier.domain.deep import EFFECTS
from services.classifier.domain.proposals import Proposal
from services.classifier.domain.rules import Derivation, Rulebook
from shared.told import Answers, Call, History, Line, Times

Sets = Mapping[str, frozenset[str]]

LONGEST_ANSWER: Final = 5_000  # characters: how to get in touch safely, whole as the form asks for it

FOLLOWING = ("note.", "X.life_at_risk")
SAID_NOW = "D.F10.said"
NOW = ("F10.there", "F10.now", "F10.said", "F10.answer", "X.party_there")
EMERGENCY = "X.emergency_call"


def holds(term: str, shown: AbstractSet[str], sets: Sets) -> bool:
    """A term of a condition: a fact, `@set`, `2@set`, or `!` before any of them."""
    wanted, least, name = _read(term)
    if not least:
        return (name in shown) is wanted
    if least == 1:
        return sets[name].isdisjoint(shown) is not wanted
    return (len(sets[name] & shown) >= least) is wanted


@cache
def _read(term: str) -> tuple[bool, int, str]:
    """Whether it is to hold, how many of a set at least (0: it is a fact), and the name."""
    least, at, name = term.removeprefix("!").rpartition("@")
    return not term.startswith("!"), int(least or 1) if at else 0, name


@dataclass(slots=True)
class Facts:
    """Facts by codebook id (`F1.repeated`, `H7`), each with the proposals that show it, in the order found."""

    shown: dict[str, list[Proposal]] = field(default_factory=dict)

    def add(self, proposal: Proposal) -> None:
        self.shown.setdefault(proposal.fact, []).append(proposal)

    def all_hold(self, terms: Iterable[str], sets: Sets) -> bool:
        shown = self.shown.keys()
        return all(holds(term, shown, sets) for term in terms)

    def of(self, prefix: str) -> tuple[str, ...]:
        """The values shown of a fact with several: `of("F5.")` gives the strands."""
        return tuple(sorted(fact.removeprefix(prefix) for fact in self.shown if fact.startswith(prefix)))


def establish(proposals: Iterable[Proposal], answers: Answers, history: History, rulebook: Rulebook) -> Facts:
    """Put together what the readers, the form and earlier reports say. Where they disagree, both are kept."""
    facts = Facts()
    for proposal in (*proposals, *from_answers(answers), *from_history(history)):
        facts.add(proposal)
    _occasions(facts)
    _answered_effect(facts)
    _two_acts(facts, rulebook.sets["so"])
    for derivation in rulebook.derivations:
        _derive(facts, derivation, rulebook)
    return facts


def noted(facts: Facts, rulebook: Rulebook) -> Facts:
    """The same facts with the notes that follow from them as they stand, and no others, and a life if one is at risk.

    Either reader may see the self-harm, and the rules alone the means. A life once seen at risk stays so. What is said
    to go on as it is told does; who comes on a day to come threatens, and is not there yet.
    """
    derived = [each for each in rulebook.derivations if each.fact.startswith(FOLLOWING) or each.id == SAID_NOW]
    found = Facts({fact: seen for fact, seen in facts.shown.items() if not fact.startswith("note.")})
    _not_yet(found)
    for derivation in derived:
        _derive(found, derivation, rulebook)
    return found


def _not_yet(facts: Facts) -> None:
    """A model's word that violence is near counts as a threat where all that was said is a day to come."""
    if "X.another_day" not in facts.shown or any(fact in facts.shown for fact in NOW):
        return
    guessed = {fact for fact, seen in facts.shown.items() if all(each.origin == "model" for each in seen)}
    if "F7.imminent" in guessed:
        near = facts.shown.pop("F7.imminent")
        facts.shown.setdefault("F7.explicit", [replace(each, fact="F7.explicit") for each in near])
    if "F10" in guessed:
        del facts.shown["F10"]


def _derive(facts: Facts, derivation: Derivation, rulebook: Rulebook) -> None:
    if derivation.fact not in facts.shown and facts.all_hold(derivation.when, rulebook.sets):
        seen = _first_evidence(facts, derivation, rulebook)
        facts.add(Proposal(derivation.fact, derivation.id, seen.start, seen.end, seen.origin, quote=seen.quote))


def _first_evidence(facts: Facts, derivation: Derivation, rulebook: Rulebook) -> Proposal:
    for term in derivation.when:
        if term.startswith("!"):
            continue
        names = sorted(rulebook.sets[term.split("@")[1]]) if "@" in term else [term]
        for name in names:
            if name in facts.shown:
                return facts.shown[name][0]
    return Proposal(derivation.fact, derivation.id)


_TIMES = {Times.once: "F1.once", Times.two_to_five: "F1.repeated", Times.more: "F1.repeated", Times.unsure: "F1.unsure"}
FEELINGS = {
    "scared": ("F2.scared",),
    "distressed": ("F2.distressed",),
    "threatened": ("F2.threatened",),
    "annoyed": ("F2.mild",),
    "none": ("F2.mild", "F2.denied"),
}


def from_answers(answers: Answers) -> Iterable[Proposal]:
    """The facts that the form's answers carry, alone if need be."""
    if answers.times:
        yield _answer(_TIMES[answers.times], "times", answers.times)
    for feeling in answers.feeling:
        for fact in FEELINGS.get(feeling, ()):
            yield _answer(fact, "feeling", feeling)
    if answers.reported_before:
        yield _answer("F9", "reported_before", str(answers.reported_before))
    if answers.happening_now:
        yield _answer("F10.answer", "happening_now", "yes")
    for strand in answers.strands:
        yield _answer(f"F5.{strand}", "strands", strand)
    if answers.online:
        yield _answer("F6", "online", "yes")
    for impact in answers.impact:
        yield _answer(f"F8.{impact}", "impact", impact)
    if answers.safe_contact:
        yield _answer("F11", "safe_contact", answers.safe_contact)


def _answer(fact: str, question: str, said: str) -> Proposal:
    return Proposal(fact, f"answer.{question}", origin="answer", quote=said[:LONGEST_ANSWER])


def by_line(proposals: Iterable[Proposal], call: Call | None) -> Iterable[Proposal]:
    """With what is known of the number that was rung; the words' guess at it is for calls of which nobody says."""
    if call is None or call.line is None:
        return proposals
    known = [proposal for proposal in proposals if proposal.fact != EMERGENCY]
    return [*known, _answer(EMERGENCY, "line", call.line)] if call.line is Line.emergency else known


def from_history(history: History) -> Iterable[Proposal]:
    """Earlier reports on the same household or party: the behaviour is repeated, was reported before, and read so."""
    if history.reports:
        quote = f"{history.reports} earlier"
        yield Proposal("F1.repeated", "history.reports", origin="history", quote=quote)
        yield Proposal("F9", "history.reports", origin="history", quote=quote)
    for read in (*history.labels, *history.strands):
        yield Proposal(f"history.{read}", "history.read", origin="history", quote=read)


def _answered_effect(facts: Facts) -> None:
    """An effect that the form was told of is the reporter's own word, which no mild word in the text outweighs."""
    effects = (each for fact in EFFECTS for each in facts.shown.get(fact, ()) if each.origin == "answer")
    if first := next(effects, None):
        facts.add(Proposal("X.effect_answered", first.rule, origin="answer", quote=first.quote))


def _two_acts(facts: Facts, ids: AbstractSet[str]) -> None:
    """One act counts once, even where two of these ids fit its words."""
    seen = [each for fact in sorted(ids & facts.shown.keys()) for each in facts.shown[fact]]
    for one, other in combinations(seen, 2):
        if one.fact != other.fact and _apart(one, other):
            facts.add(replace(other, fact="X.two_acts"))
            return


def _apart(one: Proposal, other: Proposal) -> bool:
    """Whether two proposals rest on different words; the whole report is no words of its own."""
    if one.start is None or one.end is None or other.start is None or other.end is None:
        return True
    return one.end <= other.start or other.end <= one.start


def _occasions(facts: Facts) -> None:
    """Two or more occasions told in turn are repetition."""
    seen = facts.shown.get("F1.occasion", [])
    if len({proposal.quote.lower() for proposal in seen}) >= 2:
        last = seen[-1]
        facts.add(replace(last, fact="F1.occasions", rule="F1.occasions"))
