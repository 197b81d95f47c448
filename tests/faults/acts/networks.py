"""A bad network between the services and what they stand on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Final

from tests.faults.figures import Figure
from tests.faults.proxy import Network
from tests.faults.scene import SEED, Fault, Scene, Told

BEHIND_IT: Final = (("intake", "serve"), ("intake", "work"), ("classifier", "work"), ("escalation", "work"))
HANGS: Final = 30.0  # seconds


async def bad_network(scene: Scene) -> Told:
    network = Network(Random(SEED))
    async with behind(scene, network):
        delays = await _while_bad(scene, network, _delays, scene.scale.of(60, 8, 5))
        resets = await _while_bad(scene, network, _resets, scene.scale.of(30, 6, 4))
        silence = await _while_bad(scene, network, _silence, scene.scale.of(60, 12, 5))
    return "delays of 500 ms ± 300, a reset each second, half-open", [
        Figure("longest answer", scene.driver.slowest, HANGS, "s"),
        Figure("in step after the delays", delays, HANGS, "s"),
        Figure("in step after the resets", resets, HANGS, "s"),
        Figure("in step after the silence", silence, HANGS, "s"),
    ]


async def _while_bad(scene: Scene, network: Network, how, seconds: float) -> float:
    """Report all the while; then the seconds until everything is in step again."""
    worsening = asyncio.create_task(how(network))
    await scene.driver.flow(3, seconds)
    worsening.cancel()
    network.well()
    return await scene.in_step()


async def _delays(network: Network) -> None:
    network.delay, network.jitter = 0.5, 0.3


async def _resets(network: Network) -> None:
    while True:
        await asyncio.sleep(1)
        network.reset()


async def _silence(network: Network) -> None:
    network.silent = True


@asynccontextmanager
async def behind(scene: Scene, network: Network) -> AsyncIterator[None]:
    """The services reach Kafka and PostgreSQL by way of this network, and after it as they did before."""
    world, usual = scene.world, scene.world.stack.settings
    async with AsyncExitStack() as held:
        kafka = await held.enter_async_context(network.to(world.kafka.behind, world.kafka.through))
        postgres = await held.enter_async_context(network.to(world.postgres.port))
        by_way_of = {name: f"127.0.0.1:{kafka}" for name in world.stack.environment() if name.endswith("_KAFKA")}
        for name, value in world.stack.environment().items():
            if name.endswith("_DATABASE"):
                by_way_of[name] = value.replace(f":{world.postgres.port}/", f":{postgres}/")
        await _moved(scene, {**usual, **by_way_of})
        yield
        await scene.routed()
        await _moved(scene, usual)


async def _moved(scene: Scene, settings: dict[str, str]) -> None:
    scene.world.stack.settings = settings
    await scene.world.down(*BEHIND_IT)
    await scene.world.up(*BEHIND_IT)
    await scene.in_step()


FAULTS: Final = (Fault("a bad network", bad_network),)
