"""A short form of each fault, done to one world; `make faults` does them as the promises say."""

import gc
from collections.abc import AsyncIterator

import pytest

from tests.faults.acts import FAULTS
from tests.faults.figures import Figure, Scale
from tests.faults.scene import Fault
from tests.faults.world import World, world

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning")
"""What was cut off on purpose is not always closed: it is let go here, and troubles no later test."""
SLACK = 6
"""Tests run beside others on a machine of any speed: here times are held to this many times what is promised."""


@pytest.fixture(scope="module")
async def brief() -> AsyncIterator[World]:
    async with world(Scale.brief) as made:
        yield made
    gc.collect()


def held(figure: Figure) -> bool:
    return figure.value <= figure.at_most * (SLACK if figure.unit == "s" else 1)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_it_holds(fault: Fault, brief: World):
    row = await fault.enact(brief)
    assert [(figure.name, figure.shown, figure.wanted) for figure in row.figures if not held(figure)] == []
