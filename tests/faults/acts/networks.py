"""A bad network between the services and what they stand on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from tests.faults.figures import Figure
from tests.faults.proxy import Network
from tests.faults.scene import Fault, Scene, Told

HANGS: Final = 30.0  # seconds


async def bad_network(scene: Scene) -> Told:
    await _while_bad(scene, _delays, scene.scale.of(40, 3, 2))
    await _while_bad(scene, _resets, scene.scale.of(20, 2, 2))
    await _while_bad(scene, _silence, scene.scale.of(40, 3, 2))
    back = await scene.in_step()
    return "between the services and Kafka and PostgreSQL: delays of 500 ms ± 300, a reset each second, half-open", [
        Figure("longest answer", scene.driver.slowest, HANGS, "s"),
        Figure("in step after it", back, HANGS, "s"),
    ]


async def _while_bad(scene: Scene, worsen: Callable[[Network], Awaitable[None]], seconds: float) -> None:
    """Report all the while."""
    network = scene.world.network
    worsening = asyncio.ensure_future(worsen(network))
    await scene.driver.flow(3, seconds)
    worsening.cancel()
    network.well()


async def _delays(network: Network) -> None:
    network.delay, network.jitter = 0.5, 0.3


async def _resets(network: Network) -> None:
    while True:
        await asyncio.sleep(1)
        network.reset()


async def _silence(network: Network) -> None:
    network.silent = True


FAULTS: Final = (Fault("a bad network", bad_network),)
