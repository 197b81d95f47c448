"""A network that can be made bad: a TCP proxy that delays, breaks or swallows whatever goes through it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final

CHUNK: Final = 65_536  # bytes


@dataclass
class Network:
    """How it is now. `delay` and `jitter` are seconds for each answer; `silent` swallows all and closes nothing."""

    random: Random
    delay: float = 0.0
    jitter: float = 0.0
    silent: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def well(self) -> None:
        self.delay, self.jitter, self.silent = 0.0, 0.0, False

    def reset(self) -> None:
        """Every connection is broken off, with RST; those that were left half open too."""
        while self._open:
            self._open.pop().transport.abort()

    @asynccontextmanager
    async def to(self, port: int, listen_on: int = 0) -> AsyncIterator[int]:
        """Everything that comes to the port given back goes to `port`, by way of this network."""

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._joined(reader, writer, port)

        async with await asyncio.start_server(accepted, "127.0.0.1", listen_on) as server:
            yield server.sockets[0].getsockname()[1]
            self.reset()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self._open.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            self._open.discard(writer)
            writer.transport.abort()
            return
        self._open.add(far_writer)
        there, back = self._passed(reader, far_writer, 0.0), self._passed(far_reader, writer, 1.0)
        await asyncio.gather(there, back)
        self._open -= {one for one in (writer, far_writer) if one.is_closing()}

    async def _passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, slowness: float) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await asyncio.sleep(slowness * max(0.0, self.delay + self.random.uniform(-self.jitter, self.jitter)))
                if not self.silent:
                    writer.write(chunk)
                    await writer.drain()
        if not self.silent:
            writer.close()
