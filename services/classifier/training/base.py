"""The sentence model that learning starts from, under our names: BERT's shape, twelve layers, each 384 wide."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain.pieces import LONGEST

LAYERS: Final = 12
PARTS: Final = {"gather": "attention.output.dense", "widen": "intermediate.dense", "narrow": "output.dense"}
NORMS: Final = ("attention.output.LayerNorm", "output.LayerNorm")

Floats = NDArray[np.float32]
Weights = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Base:
    """Weights under the names of the weights file (domain/deep.py), and the vocabulary, a word for each row."""

    weights: Weights
    vocabulary: tuple[str, ...]


def renamed(bert: Mapping[str, Floats]) -> Weights:
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
