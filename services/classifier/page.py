"""The rulebook as a page that an officer can check without reading code: docs/rulebook.md, and `GET /rulebook`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader

from services.classifier.domain.guide import Checked, Offence, Question, SupportEntry, Way
from services.classifier.domain.rules import Derivation, LabelRule, NextStep, Rule, Rulebook

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "rulebook.md"

HEADINGS: Final = {
    "F1": "F1 Repetition",
    "F2": "F2 Effect: scared, distressed or threatened",
    "F4": "F4 Fixation",
    "F5": "F5 Strand: because of who the victim is",
    "F6": "F6 Online",
    "F7": "F7 Threat of violence",
    "F8": "F8 Impact on life",
    "F9": "F9 Reported before",
    "F10": "F10 Happening now",
    "F11": "F11 Safe contact",
    "F12": "F12 Flags",
    "S": "F3 Behaviours: S, stalking",
    "H": "F3 Behaviours: H, harassment",
    "O": "F3 Behaviours: O, online",
    "A": "F3 Behaviours: A, anti-social behaviour",
    "X": "Helpers: what other rules rest on",
    "R": "Risk: what only the risk picture rests on",
}

PLACES: Final = {
    "before": "earlier in the clause",
    "clause": "in the rest of the clause",
    "around": "in the clause, the words themselves too",
    "sentence": "in the rest of the sentence",
    "near": "in the few words before",
    "after": "in the words that follow",
    "through": "from the start of the sentence to the end of the words",
    "within": "in the words themselves",
    "passage": "in the sentence and what is said next",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: its id, what it says, and further lines, each with its name."""

    id: str
    says: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    about: str
    items: tuple[Item, ...]


def markdown(rulebook: Rulebook) -> str:
    """The whole page, with the offences that nobody has checked yet: for staff and for legal review."""
    return _rendered("rulebook.md.jinja", rulebook, rulebook.guide.offence)


def html(rulebook: Rulebook) -> str:
    """The same for a browser, without the offences that are for staff only."""
    return _rendered("rulebook.html.jinja", rulebook, [o for o in rulebook.guide.offence if not o.staff_only])


def _rendered(template: str, rulebook: Rulebook, offences: Iterable[Offence]) -> str:
    # Autoescape is for HTML; Markdown shows what was written between backticks.
    folder = FileSystemLoader(Path(__file__).parent / "templates")
    pages = Environment(loader=folder, autoescape=template.endswith(".html.jinja"), trim_blocks=True)
    sections = list(_sections(rulebook, tuple(offences)))
    return pages.get_template(template).render(version=rulebook.version, sections=sections)


def _sections(rulebook: Rulebook, offences: tuple[Offence, ...]) -> Iterator[Section]:
    scopes = tuple(Item(s.id, s.why, _said(looks=PLACES[s.where])) for s in rulebook.scopes.values())
    yield Section("How a fact counts", "Words count only where none of their rule's tests of scope objects.", scopes)
    for key, title in HEADINGS.items():
        if rules := tuple(_rule(rule) for rule in rulebook.rules if _heading(rule) == key):
            yield Section(title, "", rules)
    derived = tuple(_condition(d, f"shows {d.fact}", d.why) for d in rulebook.derivations)
    yield Section("Facts that follow from facts", "", derived)
    labels = tuple(_condition(rule, f"label {rule.label}", rule.why) for rule in rulebook.labels)
    yield Section("Labels", "Asked in this order, over facts alone.", labels)
    steps = tuple(_condition(step, f"ask: {step.ask}", step.words) for step in rulebook.steps)
    yield Section("What was missing, and the next question", "", steps)
    yield Section("Sets", "Any fact of a set counts as the set.", tuple(_sets(rulebook)))
    questions = tuple(_question(question) for question in rulebook.guide.question)
    about = "Present, said to be absent, or unknown. Unknown is not no, and nothing is added up."
    yield Section("Risk picture", about, questions)
    left = len(rulebook.guide.offence) - len(offences)
    waiting = f" {left} more wait for a check and for legal review, and are for staff." if left else ""
    about = f"England and Wales. What the facts may make out, never what was committed.{waiting}"
    yield Section("Possible offences", about, tuple(_offence(offence) for offence in offences))
    support = tuple(_support(entry) for entry in rulebook.guide.support)
    yield Section("Support", "A number or address is given only where it was checked.", support)
    words = tuple(Item(phrase.id, phrase.words, _said(source=phrase.source)) for phrase in rulebook.guide.phrase)
    yield Section("Words for the reporter", "From their own report alone.", words)


def _heading(rule: Rule) -> str:
    key = rule.facts[0].split(".")[0]
    return key if key in HEADINGS else key[0]


def _rule(rule: Rule) -> Item:
    about = _said(source=rule.source, scope=", ".join(sorted(rule.scope)))
    lines = [("counts", hit) for hit in rule.hits] + [("does not", miss) for miss in rule.misses]
    return Item(rule.id, f"shows {', '.join(rule.facts)}: {rule.why}", (*about, *lines))


def _condition(rule: Derivation | LabelRule | NextStep, says: str, why: str) -> Item:
    return Item(rule.id, says, _said(when=_way(rule.when), why=why, source=rule.source))


def _sets(rulebook: Rulebook) -> Iterator[Item]:
    for name, facts in sorted(rulebook.sets.items()):
        yield Item(name, ", ".join(sorted(facts)), ())


def _question(question: Question) -> Item:
    present, absent = _ways(question.present), _ways(question.absent)
    return Item(question.id, question.asks, _said(present=present, absent=absent, source=question.source))


def _offence(offence: Offence) -> Item:
    law = f"{offence.statute}, {offence.section}"
    lines = _said(law=law, needs=_ways(offence.needs), checked=_checked(offence.checked))
    return Item(offence.id, f"{offence.name}. {offence.line}", (*lines, ("legal review", offence.legal_review)))


def _support(entry: SupportEntry) -> Item:
    says = f"{entry.name}. {entry.line}"
    reach = ", ".join(way for way in (entry.phone, entry.web) if way)
    lines = _said(reach=reach, fits=_ways(entry.fits), source=entry.source, checked=_checked(entry.checked))
    return Item(entry.id, says, lines)


def _checked(checked: Checked | None) -> str:
    return f"{checked.on.isoformat()}, {checked.source}" if checked else "unverified"


def _said(**lines: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in lines.items() if text)


def _ways(ways: Iterable[Way]) -> str:
    return "; or ".join(_way(way) for way in ways)


def _way(terms: Way) -> str:
    return " and ".join(_term(term) for term in terms) or "always"


def _term(term: str) -> str:
    if term.startswith("!"):
        return f"not {_term(term[1:])}"
    if "@" not in term:
        return term
    count, name = term.split("@")
    return f"{'any' if count in ('', '1') else count} of {name}"
