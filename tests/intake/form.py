"""Filling in the form without a browser: a client that keeps cookies, as a browser over https would."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

STORY = "He follows me home from the bus, every night this week."


class Form:
    """One person at the form. `base` is where a partner's people start."""

    def __init__(self, client: httpx.AsyncClient, base: str = "") -> None:
        self.client, self.base = client, base

    async def post(self, path: str, data: Mapping[str, Any] | None = None, **rest: Any) -> httpx.Response:
        return await self.client.post(self.base + path, data=data, **rest)

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(self.base + path)

    async def begin(self, reporting: str = "myself", **more: str) -> None:
        answer = await self.post("/form", {"reporting": reporting} | more)
        assert answer.headers["location"] == f"{self.base}/form/begun"

    async def tell(self, **more: str) -> None:
        assert (await self.post("/form/story", {"story": STORY} | more)).status_code == 303

    async def send(self) -> tuple[str, str]:
        """Returns the reference and the secret."""
        assert (await self.post("/form/check")).headers["location"] == f"{self.base}/form/sent"
        page = (await self.get("/form/sent")).text
        found = re.findall(r"data-(?:reference|secret)>([^<]+)<", page)
        return found[0], found[1]
