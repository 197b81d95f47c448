"""Sample reports, sent as anybody would send them: through the public HTTP interfaces, and looked up there again."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.local.stack import ROOT, TELEPHONY, Stack
from services.escalation.directory_file import read_directory
from services.escalation.domain.directory import Directory, Kind
from services.escalation.domain.people import Person, Role
from services.escalation.tokens import Principal
from shared.told import Channel, Speaker

DEMO: Final = ROOT / "deploy" / "demo"
DIRECTORY: Final = DEMO / "directory.toml"
ROOM: Final = "northmoor-police"
AT_ONCE: Final = 8
BUSY: Final = 60.0  # seconds that an intake may have too much to do
NETWORKS: Final = "2001:db8:0"
"""Nobody's (RFC 3849). From one network so many forms would be a flood, as they would be anywhere, and be marked so."""
SHOWN: Final = ("northmoor-police-control-room", "southvale-police-control-room", "northmoor-environmental-health")


@dataclass
class Sent:
    """One report on its way, and what became of it."""

    reference: str
    secret: str
    channel: str
    at: float
    seconds: float | None = None
    labels: Sequence[str] = ()
    threat: str = "–"
    grade: str = "–"
    went_to: dict[str, set[str]] = field(default_factory=dict)
    """Each agency that has it, with its queues there."""


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def clients(directory: Directory) -> list[Principal]:
    """One for each agency, and one for each police force's control room."""
    rooms = [agency.id for agency in directory.agencies if agency.kind is Kind.police]
    return [Principal(agency.id, "agency", agency.id) for agency in directory.agencies] + [
        Principal(f"{force}-control-room", "operator", force) for force in rooms
    ]


def people() -> list[Person]:
    """Who may sign in to pages: a name for each role of one control room, and somebody of three agencies."""
    return [
        Person("sam", "Sam", Role.operator, ROOM),
        Person("alex", "Alex", Role.operator, ROOM),
        Person("robin", "Robin", Role.supervisor, ROOM),
        Person("kim", "Kim", Role.admin, ROOM),
        Person("jules", "Jules", Role.auditor, ROOM),
        Person("ada", "Ada", Role.agency, "northmoor-council-asb"),
        Person("ben", "Ben", Role.agency, "northmoor-homes"),
        Person("pat", "Pat", Role.agency, "moor-and-vale-case-review"),
    ]


def _base(stack: Stack, service: str) -> str:
    return f"http://127.0.0.1:{stack.ports.of(service)}"


async def send(reports: Sequence[dict[str, Any]], stack: Stack, step: Callable[[], None]) -> list[Sent]:
    """Send them all, a few at once: calls with the telephone system's key, each form from a network of its own.

    Whoever is told to come back sends it again, as the same report. Raises httpx.HTTPError.
    """
    room = asyncio.Semaphore(AT_ONCE)
    key = {"Authorization": f"Bearer {stack.secrets.of(TELEPHONY)}"}
    async with httpx.AsyncClient(base_url=_base(stack, "intake"), timeout=30) as intake:

        async def one(number: int, report: dict[str, Any]) -> Sent:
            phone = report["channel"] == Channel.phone
            who = key if phone else {"X-Forwarded-For": f"{NETWORKS}:{number:x}::1"}
            who = {"Idempotency-Key": secrets.token_urlsafe(16), **who}
            body = {name: value for name, value in report.items() if name != "channel"}
            if phone:
                body["turns"] = turns(body.pop("text"))
            async with room:
                at = time.monotonic()
                path = "/v1/transcripts" if phone else "/v1/reports"
                answer = await intake.post(path, json=body, headers=who)
                while answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and time.monotonic() - at < BUSY:
                    await asyncio.sleep(1)
                    answer = await intake.post(path, json=body, headers=who)
            answer.raise_for_status()
            step()
            given = answer.json()
            return Sent(given["reference"], given["secret"], report["channel"], at)

        return list(await asyncio.gather(*(one(number, report) for number, report in enumerate(reports, 1))))


def turns(text: str) -> list[dict[str, str]]:
    """Speaker turns from lines such as `CALLER: …`; a line without a speaker goes on with the turn before it."""
    found: list[dict[str, str]] = []
    for line in text.split("\n"):
        who, _, words = line.partition(": ")
        if who.lower() in set(Speaker):
            found.append({"speaker": who.lower(), "text": words})
        elif found:
            found[-1]["text"] += f"\n{line}"
    return found


async def await_receipts(sent: Sequence[Sent], stack: Stack, patience: float, step: Callable[[], None]) -> None:
    """Ask after each until it is with somebody who can act; those that are not in time keep `seconds` None."""
    async with httpx.AsyncClient(base_url=_base(stack, "intake"), timeout=30) as intake:

        async def one(report: Sent) -> None:
            while time.monotonic() - report.at < patience:
                key = {"Authorization": f"Bearer {report.secret}"}
                standing = await intake.get(f"/v1/reports/{report.reference}", headers=key)
                if standing.is_success and standing.json()["stage"] != "received":
                    report.seconds = time.monotonic() - report.at
                    step()
                    return
                await asyncio.sleep(0.1)

        await asyncio.gather(*map(one, sent))


async def look_up(sent: Sequence[Sent], stack: Stack) -> None:
    """What the agencies, and then the control rooms, now see of them."""
    by_reference = {report.reference: report for report in sent}
    async with httpx.AsyncClient(base_url=_base(stack, "escalation"), timeout=30) as escalation:
        for client in clients(read_directory(DIRECTORY)):
            token = await _token(client.client, stack, escalation)
            if client.role == "operator":
                await _from_queue(by_reference, token, escalation)
            else:
                await _from_feed(client.client, by_reference, token, escalation)


async def _token(client_id: str, stack: Stack, escalation: httpx.AsyncClient) -> dict[str, str]:
    form = {"grant_type": "client_credentials"}
    answer = await escalation.post("/oauth/token", data=form, auth=(client_id, stack.secrets.of(client_id)))
    answer.raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def _from_queue(sent: dict[str, Sent], token: dict[str, str], escalation: httpx.AsyncClient) -> None:
    queue = (await escalation.get("/v1/queue", params={"limit": 500}, headers=token)).raise_for_status().json()
    for item in queue["items"]:
        report = sent.get(item["report"]["reference"])
        if report is None:
            continue
        assessment = item["assessment"] or {"labels": ["not yet read"], "threat": "?"}
        report.labels, report.threat, report.grade = assessment["labels"], assessment["threat"], item["grade"]
        if not report.went_to:
            report.went_to["control rooms"] = set(item["queues"])


async def _from_feed(agency: str, sent: dict[str, Sent], token: dict[str, str], escalation: httpx.AsyncClient) -> None:
    after: dict[str, str] = {}
    while True:
        page = await escalation.get(f"/v1/agencies/{agency}/reports", params=after, headers=token)
        found = page.raise_for_status().json()
        if not found["reports"]:
            return
        for delivered in found["reports"]:
            if report := sent.get(delivered["reference"]):
                report.went_to.setdefault(agency, set()).add(delivered["queue"])
                report.labels = report.labels or (delivered["report"] or {}).get("labels", ())
        after = {"after": found["next"]}
