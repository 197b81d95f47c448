"""Two readers, one set of facts: what the lexical one found, as the trained one confirms it, doubts it or adds to it.

The labels stay with the rules. The trained reader's view of what kind of matter this is comes in as facts that those
rules ask about: fixation (F4), a strand (F5), repetition (F1) and four of its own:
X.aimed (at one person, household or community), X.unaimed, X.nuisance, X.no_nuisance, X.elsewhere (no such matter).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from math import exp, log1p

from services.classifier.domain.deep import EFFECTS, URGENT, DeepReader, Floats, Thresholds, Weighed
from services.classifier.domain.facts import Facts
from services.classifier.domain.proposals import Proposal
from services.classifier.domain.reading import Answered, Reading
from shared.assessment import HeldRule
from shared.codebook import Strand, Threat
from shared.told import Speaker

RULE = "second"
OF_THE_WHOLE = {"X.aimed", "X.unaimed", "X.nuisance", "X.no_nuisance", "X.elsewhere"}
TOLD = {"answer", "history"}
OUTRIGHT = {
    "F1.said",
    "F2.said",
    "F5.race.told",
    "F5.religion.told",
    "F5.religion.sectarian",
    "F7.explicit.said_to_kill",
    "F7.implied.left_dead",
    "F7.imminent.missiles",
    "F7.imminent.seen_or_heard",
    "F12.self_harm.with_others",
    "F12.order.told",
    "D.imminent_silent",
}
"""Rules of what was said in so many words: the reporter knows it, and no model knows better."""
UNDOUBTED = {"F12.self_harm"}
"""Facts that the model saw too seldom to doubt, and that must not be missed: the rules' word is enough."""
MARGIN = {"F12.reporter_threat": 0.5}
"""What the model doubts only where its odds are so far below: of what was less, the rules were right each time."""
NO_STRAND = {"X.own_prejudice", "X.subculture"}
"""What the model takes for a strand and is none: only the rules' word, or an earlier report, makes one beside it."""
LAWFUL = {"X.on_duty"}
"""What the model takes for stalking or harassment and is none, unless the rules show what was done, or it goes on."""
MATTERS: tuple[frozenset[str], ...] = tuple(
    frozenset(labels.split())
    for labels in (
        "other",
        "asb",
        "harassment",
        "harassment asb",
        "stalking harassment",
        "stalking harassment asb",
        "hate_incident",
        "hate_incident asb",
        "hate_incident harassment",
        "hate_incident harassment asb",
        "stalking hate_incident harassment",
    )
)
"""The sets of labels that the codebook allows (§2: labels stand together), the commonest ways first."""
HATE = "hate_incident"
AIMED = {"stalking", "harassment"}
ORDER = ("stalking", "hate_incident", "harassment", "asb", "other")
_NAMED = tuple(tuple(label for label in ORDER if label in matter) for matter in MATTERS)
STRANDS = tuple(f"F5.{strand}" for strand in Strand)
STALKING = ("S1", "S2", "S3", "S4", "S5", "S6", "O1", "O3", "O5", "O7")
APART = {"F2", "F7.none", "F7.urgent", "F7.imminent", "F7.explicit", "F1.once", *STRANDS}

BEHAVIOUR = re.compile(r"[SHOA]\d")
GOES_ON = {"stalking", "hate_incident"}
AIMED_BEFORE = 2.0
"""What a party was fixed on, or hostile to, it is in whatever it does next; whom it aimed at before is likelier to be
aimed at again, by so much."""
UNAIMED_BEFORE = 0.5
"""What was nuisance and nothing else, each time, is likelier to be that again."""

NEAR = 2.0
"""A strand besides the likeliest needs the rules' word, or odds so near: race is in many words of a religion."""

Odds = Mapping[str, float]
Wanted = dict[str, str]
"""Facts to establish, each with the head of the model whose words are its evidence."""


def combine(facts: Facts, given: Sequence[HeldRule], reading: Reading, weighed: Weighed, reader: DeepReader) -> Facts:
    """The facts that stand: a fact confirmed keeps its lexical evidence, a doubted one goes, a proposed one is added.

    `given` are the labels that the facts alone would give, which the reader weighs with the rest; `weighed` is what it
    makes of the report itself.
    What the form or earlier reports say is never doubted, nor what is said outright, nor a fact that the model does not
    govern.
    """
    weighed = reader.beside(weighed, with_labels(facts, given))
    wanted, doubted = judged(reader.model, weighed.odds, facts)
    doubted -= {fact for fact in URGENT if _confirmed(facts.shown.get(fact, ()), reading)}
    stands = Facts({fact: seen for fact, seen in facts.shown.items() if fact not in doubted or _told(seen)})
    fresh = [(head, fact) for fact, head in wanted.items() if fact not in stands.shown]
    for proposal in reader.evidence(reading, weighed, [pair for pair in fresh if not _own(pair[1])]):
        stands.add(proposal)
    for head, fact in fresh:
        if _own(fact):
            stands.add(Proposal(fact, f"{RULE}.{head}", origin="model"))
    return stands


def with_labels(facts: Facts, given: Sequence[HeldRule]) -> Mapping[str, Sequence[Proposal]]:
    """What the rules show: facts with their proposals, and under the model's names the labels given."""
    return {**facts.shown, f"primary.{given[0].label}": (), **{f"label.{rule.label}": () for rule in given}}


def _own(fact: str) -> bool:
    """Of the whole report, and of no words in it."""
    return fact.startswith("X.")


def judged(model: Thresholds, odds: Floats, facts: Facts) -> tuple[Wanted, set[str]]:
    """What the model would establish and what it doubts, as the codebook's facts."""
    standing = _standing(model.facts)
    over = [model.facts[at] for at in (odds >= model.propose).nonzero()[0].tolist()]
    limits = model.doubt - [MARGIN.get(fact, 0.0) for fact in model.facts]
    under = [model.facts[at] for at in (odds < limits).nonzero()[0].tolist()]
    wanted = {fact: fact for fact in over if fact in standing}
    doubted = standing.intersection(under)
    _effect(over, under, facts, wanted, doubted)
    _threat(over, under, facts, wanted, doubted)
    _matter(dict(zip(model.facts, odds.tolist(), strict=True)), over, facts, wanted, doubted)
    return wanted, doubted - wanted.keys() - UNDOUBTED


def _effect(over: list[str], under: list[str], facts: Facts, wanted: Wanted, doubted: set[str]) -> None:
    if "F2" in over and "F2.denied" not in facts.shown and not any(effect in facts.shown for effect in EFFECTS):
        wanted["F2.distressed"] = "F2"
    if "F2" in under:
        doubted.update(EFFECTS)


def _threat(over: list[str], under: list[str], facts: Facts, wanted: Wanted, doubted: set[str]) -> None:
    """Urgent or not is one question, asked with a low threshold; which of the two levels is another.

    What the form says is happening now is so. Of the means to harm oneself the model makes a threat, which it is not.
    """
    said_now = "F10.answer" in facts.shown
    if "X.own_means" in facts.shown and not any(f"F7.{level}" in facts.shown for level in Threat):
        return
    if "F7.urgent" in over:
        level = "F7.imminent" if said_now or "F7.imminent" in over else "F7.explicit"
        wanted |= {level: level, "H7": "H7"}
        if "F7.imminent" in under and not said_now:
            doubted.add("F7.imminent")
    elif "F7.urgent" in under:
        doubted.update(URGENT)


def _matter(odds: Odds, over: list[str], facts: Facts, wanted: Wanted, doubted: set[str]) -> None:
    """The likeliest of the matters that the codebook allows, as the facts that make it."""
    before = {label for label in ORDER if f"history.{label}" in facts.shown}
    aimed = AIMED_BEFORE if "harassment" in before else -UNAIMED_BEFORE if before == {"asb"} else 0.0
    strands = _strands(odds, over, facts)
    without = set() if strands else {HATE}
    if LAWFUL.intersection(facts.shown) and not before & AIMED and not any(map(BEHAVIOUR.match, facts.shown)):
        without |= AIMED
        for fact in STALKING:
            wanted.pop(fact, None)
    matter = likeliest(odds, aimed, without)
    if GOES_ON & before and ("other" not in matter or {"F2", "F7.urgent"}.intersection(over)):
        matter = matter - {"other"} | GOES_ON & before
    if HATE in matter:
        wanted |= {strand: strand for strand in strands}
    doubted.update(set(STRANDS) - wanted.keys())
    if "stalking" in matter:
        wanted["F4"] = "label.stalking"
        if not any(fact in wanted or (fact in facts.shown and fact not in doubted) for fact in STALKING):
            most = max(STALKING, key=lambda s: odds[s])
            wanted[most] = "label.stalking"  # its own odds were not enough: the label's words show it
    else:
        doubted.add("F4")
    if "harassment" in matter:
        wanted |= {"F1.repeated": "F1.repeated", "X.aimed": "label.harassment"}
    elif not any(p.origin == "history" or p.rule in OUTRIGHT for p in facts.shown.get("F1.repeated", ())):
        wanted["X.unaimed"] = "label.harassment"
    wanted["X.nuisance" if "asb" in matter else "X.no_nuisance"] = "label.asb"
    if "other" in matter:
        wanted["X.elsewhere"] = "label.other"
    if "F1.repeated" in wanted or _told(facts.shown.get("F1.repeated", ())):
        wanted.pop("F1.unclear", None)
        doubted.add("F1.unclear")


def _strands(odds: Odds, over: list[str], facts: Facts) -> list[str]:
    """What the hostility is about, if that is what this is."""
    told = [strand for strand in STRANDS if strand.replace("F5", "history") in facts.shown]
    by_rule = [strand for strand in STRANDS if strand in facts.shown]
    if not by_rule and NO_STRAND.intersection(facts.shown):
        return told
    first = max(STRANDS, key=odds.__getitem__)
    likely = {strand for strand in STRANDS if strand in by_rule or odds[strand] >= odds[first] - NEAR}
    shown = [strand for strand in STRANDS if strand in likely.intersection(over)]
    return shown or told or [first]


def likeliest(odds: Odds, aimed: float = 0.0, without: AbstractSet[str] = frozenset()) -> frozenset[str]:
    """The likeliest set of labels but those `without`. Repetition is part of harassment's odds, and `aimed` too."""
    odds = {**odds, **{name: odds[name] + aimed for name in ("label.harassment", "primary.harassment")}}
    repeated = _log_chance(odds["F1.repeated"])
    label = {name: odds[f"label.{name}"] + (repeated if name == "harassment" else 0.0) for name in ORDER}
    first = {name: _log_chance(odds[f"primary.{name}"]) for name in ORDER}
    allowed = [(matter, names) for matter, names in zip(MATTERS, _NAMED, strict=True) if without.isdisjoint(matter)]
    scores = [first[names[0]] + sum([label[name] for name in names]) for _, names in allowed]
    return allowed[scores.index(max(scores))][0]


def _log_chance(odds: float) -> float:
    return -log1p(exp(-odds)) if odds > -30 else odds


@cache
def _standing(facts: tuple[str, ...]) -> set[str]:
    """The facts of the codebook that stand or fall by their own threshold."""
    return {fact for fact in facts if fact not in APART and not fact.startswith(("label.", "primary."))}


def _told(seen: Iterable[Proposal]) -> bool:
    return any(proposal.origin in TOLD or proposal.rule in OUTRIGHT for proposal in seen)


def _confirmed(seen: Iterable[Proposal], reading: Reading) -> bool:
    """Whether the caller said yes to it when the operator asked."""
    asked = [turn for turn in reading.turns if turn.speaker is Speaker.operator and turn.answered is Answered.yes]
    spans = [(each.start, each.end or 0) for each in seen if each.start is not None]
    return any(start < turn.end and turn.start < end for turn in asked for start, end in spans)
