"""Learning the weights: ridge regression on every fact at once, made into log-odds and thresholds on writers left out.

Ridge has one closed solution and no order of steps, so the same reports give the same weights.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RIDGE = 0.5
CALIBRATION_STEPS = 60
PULL = 1.0
NEVER = 99.0
Array = NDArray[np.float64]


def dual(gram: Array, gold: Array) -> tuple[Array, Array]:
    """Coefficients of each report for each fact, and the facts' shares."""
    share = gold.mean(0)
    return np.linalg.solve(gram + RIDGE * np.eye(len(gram)), gold - share), share


def left_out(gram: Array, gold: Array, groups: Sequence[str]) -> Array:
    """The score of each report under a model that saw nothing of its group."""
    names = np.array(groups)
    scores = np.zeros_like(gold)
    for name in sorted(set(groups)):
        rest, held = np.flatnonzero(names != name), np.flatnonzero(names == name)
        weights, share = dual(gram[np.ix_(rest, rest)], gold[rest])
        scores[held] = gram[np.ix_(held, rest)] @ weights + share
    return scores


def calibrate(scores: Array, gold: Array) -> tuple[Array, Array]:
    """For each fact the slope and offset that turn scores of reports left out into log-odds (Platt)."""
    fitted = [_platt(scores[:, at], gold[:, at]) for at in range(gold.shape[1])]
    return np.array([slope for slope, _ in fitted]), np.array([offset for _, offset in fitted])


def _platt(score: Array, held: Array) -> tuple[float, float]:
    spread = float(score.std()) or 1.0
    design = np.stack([score / spread, np.ones_like(score)], 1)
    both = np.array([1.0, float(np.log((held.sum() + 1) / (len(held) - held.sum() + 1)))])
    for _ in range(CALIBRATION_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ both, -30, 30)))
        slope = design.T @ (chance - held) + PULL * np.array([both[0] - 1, 0.0])
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + PULL * np.eye(2)
        step = np.linalg.solve(curve, slope)
        both = both - step / max(1.0, float(np.abs(step).max()))
    return max(float(both[0]), 0.05) / spread, float(both[1])


def best_f1(odds: Array, held: Array) -> float:
    """The threshold with the best F1, halfway to the next score below it; out of reach where a fact is too rare."""
    if held.sum() < 5:
        return NEVER
    order = np.argsort(-odds, kind="stable")
    right = np.cumsum(held[order])
    f1 = 2 * right / (np.arange(1, len(held) + 1) + held.sum())
    at = int(f1.argmax())
    below = odds[order[min(at + 1, len(order) - 1)]]
    return float((odds[order[at]] + below) / 2)
