"""medspaCy's ConText and a TF-IDF model reading the same texts: run where they are installed, with nothing of ours.

`python rivals.py < JSON`: the `texts`, the `words` that our patterns stand on, and `taught`, pairs of text and label.
Prints microseconds of processor for each text, by name. Every text is new to whoever reads it.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

Reads = Callable[[str], object]


def medspacy_context(words: list[str]) -> Reads:
    """ConText and a matcher of the same words."""
    import medspacy
    from loguru import logger
    from medspacy.ner import TargetRule

    logger.disable("PyRuSH")  # it writes every sentence out, which is not its reading
    pipeline: Any = medspacy.load(enable=["medspacy_pyrush", "medspacy_target_matcher", "medspacy_context"])
    pipeline.get_pipe("medspacy_target_matcher").add([TargetRule(literal, "FACT") for literal in words])
    return pipeline  # type: ignore[no-any-return]


def tf_idf(taught: list[tuple[str, str]]) -> Reads:
    """Words and pairs of words, and a linear model: what one would try first."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=200))
    model.fit(*map(list, zip(*taught, strict=True)))
    return lambda text: model.predict([text])


def each(reads: Reads, texts: list[str]) -> list[float]:
    """The first tenth only warms up."""
    took = []
    for text in texts:
        began = time.thread_time()
        reads(text)
        took.append((time.thread_time() - began) * 1e6)
    return took[len(took) // 10 :]


def main() -> None:
    given = json.load(sys.stdin)
    found = {
        "medspaCy: ConText and a matcher of the same words": each(medspacy_context(given["words"]), given["texts"]),
        "scikit-learn: TF-IDF and a linear model": each(tf_idf(given["taught"]), given["texts"]),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
