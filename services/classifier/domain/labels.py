"""Labels from facts alone: the codebook's L-rules and settled cases, the most specific first."""

from services.classifier.domain.facts import Facts
from services.classifier.domain.rules import NextStep, Rulebook
from shared.assessment import HeldRule, Missing
from shared.codebook import Label, Repetition

ORDER = tuple(Label)


def held(facts: Facts, rulebook: Rulebook) -> tuple[HeldRule, ...]:
    """The rule that gives each label, in the order of primacy. A settled case is asked before the general rule."""
    rules: dict[Label, HeldRule] = {}
    for rule in rulebook.labels:
        if rule.label not in rules and facts.all_hold(rule.when, rulebook.sets):
            shown = tuple(term for term in rule.when if not term.startswith("!"))
            rules[rule.label] = HeldRule(label=rule.label, rule=rule.id, facts=shown, why=rule.why)
        if rule.settles and rule.label in rules and rules[rule.label].rule == rule.id:
            break
    given = [rules[label] for label in ORDER if label in rules]
    return tuple(given if len(given) == 1 else [rule for rule in given if rule.label is not Label.other])


def missing(facts: Facts, given: tuple[HeldRule, ...], rulebook: Rulebook) -> tuple[tuple[Missing, ...], str | None]:
    """What was missing for the next labels up, and the one question to ask next: never one that was answered."""
    labels = {rule.label for rule in given}
    nearest = [
        step
        for step in rulebook.steps
        if step.label not in labels and _is_up(step, given[0].label) and facts.all_hold(step.when, rulebook.sets)
    ]
    found = tuple(Missing(label=step.label, fact=step.fact, words=step.words) for step in nearest if step.label)
    return found, next((step.ask for step in nearest if step.answered_by not in facts.shown), None)


def _is_up(step: NextStep, primary: Label) -> bool:
    """A label above the primary, or one that repetition alone would set beside it."""
    return step.label is None or step.fact == "F1" or ORDER.index(step.label) < ORDER.index(primary)


def repetition(facts: Facts) -> Repetition:
    """The more protective value where text and answer disagree; `unclear` where nothing unwanted is told."""
    if "F1.repeated" in facts.shown:
        return Repetition.repeated
    if "F1.unclear" in facts.shown:
        return Repetition.unclear
    return Repetition.once
