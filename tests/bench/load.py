"""HTTP as cheaply as it can be sent, so that the sender is not what is measured: bytes over connections kept open."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.local.process import LOOPBACK


@dataclass(frozen=True, slots=True)
class Answer:
    """`at` is when it was asked; times are seconds."""

    at: float
    took: float
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that was answered, and how long the whole of it took."""

    answers: Sequence[Answer]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.answers) / self.seconds

    def percentile(self, share: float) -> float:
        """Seconds within which this share of the answers came."""
        return percentile([answer.took for answer in self.answers], share)


def percentile(values: Sequence[float], share: float) -> float:
    found = sorted(values)
    return found[min(len(found) - 1, int(len(found) * share))]


def post(path: str, body: Mapping[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def get(path: str, **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()


async def sent(port: int, requests: Sequence[bytes], connections: int, a_second: float | None = None) -> Run:
    """All requests over so many connections, each as soon as one is free, or no faster than so many a second.

    Raises AssertionError for an answer that is not a success: a figure that leaves out failures is none.
    """
    waiting = iter(requests)
    start = time.perf_counter()
    pace = _Pace(start, a_second)
    done = await asyncio.gather(*(_over_one(port, waiting, pace) for _ in range(connections)))
    run = Run([answer for answers in done for answer in answers], time.perf_counter() - start)
    wrong = {answer.status for answer in run.answers if answer.status >= 400}
    assert not wrong, f"answered with {wrong}"
    return run


class _Pace:
    def __init__(self, start: float, a_second: float | None) -> None:
        self._next, self._every = start, 1 / a_second if a_second else 0.0

    async def turn(self) -> None:
        if self._every:
            at, self._next = self._next, self._next + self._every
            await asyncio.sleep(max(0.0, at - time.perf_counter()))


async def _over_one(port: int, waiting: Iterator[bytes], pace: _Pace) -> list[Answer]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    answers = []
    for request in waiting:
        await pace.turn()
        at = time.perf_counter()
        writer.write(request)
        status, body = await _answer(reader)
        answers.append(Answer(at, time.perf_counter() - at, status, body))
    writer.close()
    return answers


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return int(head[9:12]), await reader.readexactly(int(length or 0))
