"""How well a model reads the held-out reports."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.classifier import rulebook
from services.classifier.domain.assess import assess
from services.classifier.domain.deep import DeepReader
from services.classifier.evaluation import Evaluation, evaluate
from services.classifier.training.calibrate import AT_URGENT, Array, Seen
from services.classifier.training.pack import Packed
from services.classifier.training.reports import FACTS, ONE_OF, Labelled


def glance(seen: Seen, fitted: Packed, held_out: Sequence[Labelled]) -> str:
    """The model's own first choices, in a line. A little flattered: its thresholds come from these same reports."""
    odds = fitted["scale"] * seen.odds + fitted["trust"] * seen.shows - fitted["shift"]
    primaries, repetitions = _first(ONE_OF[0], odds), _first(ONE_OF[2], odds)
    fair = [
        said in {one.gold["primary"], *one.gold.get("acceptable_primary", ())}
        for said, one in zip(primaries, held_out, strict=True)
    ]
    repeated = [said == one.gold["repetition"] for said, one in zip(repetitions, held_out, strict=True)]
    called = odds[:, AT_URGENT] >= fitted["propose"][AT_URGENT]
    found, right = _share(called[seen.must]), _share(seen.may[called])
    kind = f"primary fair {_share(fair):.3f}, repetition {_share(repeated):.3f}"
    return f"{kind}, urgent recall {found:.3f} precision {right:.3f}"


def with_rules(reader: DeepReader, held_out: Sequence[Labelled]) -> Iterator[str]:
    """What rules and reader say together, a line for each measure."""
    rules = replace(rulebook.load(), second=reader)
    said = ({"id": one.id, **assess(one.report, rules).model_dump(mode="json")} for one in held_out)
    return _lines(evaluate(zip(said, (one.gold for one in held_out), strict=True)))


def _lines(result: Evaluation) -> Iterator[str]:
    for name, scores in result.f1.items():
        yield f"F1 {name}: " + ", ".join(f"{label} {score:.3f}" for label, score in scores.items())
    yield from (f"{name}: {rate}" for name, rate in result.rates.items())


def _first(choice: Sequence[str], odds: Array) -> list[str]:
    """The likeliest value for each report."""
    columns = [FACTS.index(fact) for fact in choice]
    return [choice[at].split(".")[1] for at in odds[:, columns].argmax(1).tolist()]


def _share(held: Sequence[bool]) -> float:
    return sum(held) / len(held) if len(held) else 1.0
