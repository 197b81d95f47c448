"""What is told in a run: reports of a hundred words, none like another, from everywhere in the sample directory."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final
from uuid import UUID

from deploy.local.stack import ROOT
from shared.events import Lane, ReportReceived
from shared.screen import screen
from shared.told import Answers, Contact, Place

WORDS: Final = 100
_DEMO: Final = ROOT / "deploy" / "demo" / "reports.jsonl"
LETTERS: Final = "ABDEFGHJLNPQRSTUWXYZ"  # those of a postcode's second half
_PARTIES: Final = (
    "my neighbour",
    "the people at number 9",
    "my ex",
    "Mr Pocock",
    "a man I don't know",
    "kids from the estate",
    "somebody from work",
    "my landlord",
    "Daniel next door",
)
THREAT: Final = "He is outside my door now with a knife and says he is going to kill me."


def texts(many: int, words: int, seed: int) -> list[str]:
    """Reports of so many words: one of the demo's from anywhere on, then others until it is long."""
    chance = random.Random(seed)
    told = [json.loads(line)["text"] for line in _DEMO.read_text().splitlines() if line.strip()]
    return [_told(chance, [text.split(" ") for text in told], words) for _ in range(many)]


def calm(many: int, seed: int = 1) -> list[str]:
    """The same, without anything that the screen takes for a threat: what goes by the ordinary lane."""
    chance = random.Random(seed)
    told = [json.loads(line)["text"] for line in _DEMO.read_text().splitlines() if line.strip()]
    words = [text.split(" ") for text in told if not screen(text)]
    found = (_told(chance, words, WORDS) for _ in count())
    return [next(text for text in found if not screen(text)) for _ in range(many)]


def _told(chance: random.Random, told: list[list[str]], words: int) -> str:
    said: list[str] = []
    while len(said) < words:
        one = chance.choice(told)
        said += one[chance.randrange(len(one)) :]
    return " ".join(said[:words])


def postcodes(seed: int = 1) -> Iterator[str]:
    """Every postcode of the sample directory's areas (14,400), in no order, again and again."""
    chance = random.Random(seed)
    every = [f"ZZ{n} {d}{a}{b}" for n in range(1, 7) for d in range(1, 7) for a in LETTERS for b in LETTERS]
    while True:
        chance.shuffle(every)
        yield from every


def bodies(told: list[str], seed: int = 1) -> list[dict[str, Any]]:
    """As a program sends them to `POST /v1/reports`: every second one says how to get in touch."""
    return [
        {
            "text": text,
            "answers": {"times": "2-5", "when": "last week", "party": _PARTIES[number % len(_PARTIES)]},
            "place": {"postcode": postcode},
        }
        | ({"contact": {"name": "A", "phone": f"0163296{number % 10_000:04d}"}} if number % 2 else {})
        for number, (text, postcode) in enumerate(zip(told, postcodes(seed), strict=False))
    ]


def received(told: list[str], lane: Lane = Lane.ordinary, seed: int = 1) -> list[ReportReceived]:
    """As intake publishes them."""
    chance = random.Random(seed)
    return [
        ReportReceived(
            report_id=UUID(int=chance.getrandbits(128), version=4),
            reference=f"H-{number:05d}-{chance.getrandbits(20):05X}",
            channel="web",
            source="public",
            received_at=datetime.now(UTC),
            lane=lane,
            text=body["text"],
            answers=Answers(**body["answers"]),
            place=Place(**body["place"]),
            contact=Contact(**body["contact"]) if "contact" in body else None,
        )
        for number, body in enumerate(bodies(told, seed))
    ]
