"""A control room at work while things go wrong: takes the next case again and again, and sees what it is handed."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import httpx

from deploy.local.samples import ROOM
from deploy.local.stack import Stack
from services.escalation.repository.queue import FIRST_OF_FOLD, MINE
from shared.database import UNAVAILABLE, Pool

CLIENT: Final = f"{ROOM}-control-room"
EVERY: Final = 0.5  # seconds between claims
LOOKED_AT: Final = 50
"""Of what is free: a lease that lapsed this very second may not have done so for whoever hands out, and a near-copy
stands behind its row (docs/decisions/0010)."""

FREE: Final = f"""
select report_id, danger_class from queue_item as item
where state = 'open' and not drill and {MINE} and {FIRST_OF_FOLD}
  and (lease_until is null or lease_until <= now() - interval '1 second')
order by danger_class limit $2
"""
TAKEN: Final = "select danger_class from queue_item where report_id = $1"


@dataclass
class Operator:
    """`unranked` counts the cases handed out while a graver one was free, before the claim and after it."""

    stack: Stack
    pool: Pool
    claims: int = 0
    unranked: int = 0

    async def work(self) -> None:
        base = f"http://127.0.0.1:{self.stack.ports.escalation}"
        async with httpx.AsyncClient(base_url=base, timeout=40) as http:
            while True:
                try:
                    await self._take(http)
                except (httpx.HTTPError, *UNAVAILABLE):
                    http.headers.pop("Authorization", None)
                await asyncio.sleep(EVERY)

    async def _take(self, http: httpx.AsyncClient) -> None:
        if "Authorization" not in http.headers:
            http.headers["Authorization"] = await token(http, self.stack, "")
        before = await self._free()
        answer = await http.post("/v1/queue/claims", json={})
        if answer.status_code == httpx.codes.NO_CONTENT:
            return
        claim = answer.raise_for_status().json()["report_id"]
        after = await self._free()
        danger = await self.pool.fetchval(TAKEN, claim)
        self.claims += 1
        handed = min(danger, before.get(claim, danger))
        self.unranked += any(graver < handed and after.get(one, handed) < handed for one, graver in before.items())

    async def _free(self) -> dict[str, int]:
        rows: list[Any] = await self.pool.fetch(FREE, ROOM, LOOKED_AT)
        return {str(row["report_id"]): row["danger_class"] for row in rows}


async def token(http: httpx.AsyncClient, stack: Stack, base: str) -> str:
    """What a control room's program sends with each request."""
    form = {"grant_type": "client_credentials"}
    answer = await http.post(f"{base}/oauth/token", data=form, auth=(CLIENT, stack.secrets.of(CLIENT)))
    return f"Bearer {answer.raise_for_status().json()['access_token']}"
