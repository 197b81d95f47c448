"""What is done to Heard: a function for each row of the table, the same for the full run, the quick one and pytest."""

from typing import Final

from tests.faults.acts import clocks, floods, messages, networks, parts, processes
from tests.faults.scene import Fault

FAULTS: Final[tuple[Fault, ...]] = (
    *processes.FAULTS,
    *parts.BROKER,
    *messages.FAULTS,
    *parts.DATABASE,
    *networks.FAULTS,
    *clocks.FAULTS,
    *floods.FAULTS,
)
