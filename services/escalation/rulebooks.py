"""The grading and routing tables, read from their files."""

import tomllib
from pathlib import Path
from typing import Final

from services.escalation.domain.grading import GradingTable
from services.escalation.domain.routing import RoutingTable

RULES: Final = Path(__file__).parent / "rules"


def grading() -> GradingTable:
    return GradingTable.model_validate(tomllib.loads((RULES / "grading.toml").read_text()))


def routing() -> RoutingTable:
    return RoutingTable.model_validate(tomllib.loads((RULES / "routing.toml").read_text()))
