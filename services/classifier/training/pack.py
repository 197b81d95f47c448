"""The weights file that domain/deep.py reads: matrices as whole numbers of seven bits, with a scale for each row."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classifier.training.base import LAYERS, Floats, Weights
from services.classifier.training.reports import COLUMNS, FACTS, ONE_OF

STEPS = 127
WHOLE = ("words", "attend", "gather", "widen", "narrow")

Packed = dict[str, NDArray[Any]]


def packed(weights: Weights, vocabulary: Sequence[str]) -> Packed:
    """What the file holds, not yet calibrated."""
    file: Packed = {}
    for name, weight in weights.items():
        if _is_whole(name):
            file[name], file[f"{name}.scale"] = _steps(weight)
        else:
            file[name] = weight.astype(np.float32)
    file |= {"depth": np.array(LAYERS), "vocabulary": _joined(vocabulary), "facts": _joined(FACTS)}
    file |= {"choices": np.array([_span(choice) for choice in ONE_OF])}
    file |= {"unions": np.array([_span(("F7.imminent", "F7.explicit"))])}
    return file | uncalibrated()


def weights(file: Mapping[str, NDArray[Any]]) -> Weights:
    """The weights of such a file, as the reader has them."""
    kept = {name.removesuffix(".scale") for name in file if name.endswith(".scale")}
    whole = {name: file[name].astype(np.float32) * file[f"{name}.scale"][:, None] for name in kept}
    others = {name: held for name, held in file.items() if name.startswith(("head", "places", "norm"))}
    inner = {name: held for name, held in file.items() if name[0].isdigit() and name not in kept}
    return others | {name: held for name, held in inner.items() if not name.endswith(".scale")} | whole


def uncalibrated() -> Packed:
    """Odds as the model gives them, and what is likelier than not stands (training/calibrate.py finds better)."""
    nought = np.zeros(len(FACTS), np.float32)
    return {"scale": nought + 1, "trust": nought, "shift": nought, "propose": nought, "doubt": nought}


def rounded(name: str, weight: Floats) -> Floats:
    """A weight as the reader will have it, so that what is learned stands on that."""
    if not _is_whole(name):
        return weight
    steps, scale = _steps(weight)
    return steps * scale[:, None]


def write(file: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write the file; the same weights give the same bytes."""
    with path.open("wb") as out:
        np.savez_compressed(out, allow_pickle=False, **file)


def _is_whole(name: str) -> bool:
    return name.split(".")[-1] in WHOLE


def _steps(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    most = np.abs(weight).max(1) / STEPS
    scale: Floats = np.where(most > 0, most, 1).astype(np.float32)
    return np.rint(weight / scale[:, None]).astype(np.int8), scale


def _span(together: Sequence[str]) -> tuple[int, int]:
    first = COLUMNS.index(together[0])
    assert COLUMNS[first : first + len(together)] == tuple(together)
    return first, first + len(together)


def _joined(names: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(names).encode(), np.uint8)
