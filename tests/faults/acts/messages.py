"""Messages that cannot be read, that come again and again, or that are lost."""

import asyncio
import signal
import time
from collections import Counter
from typing import Any, Final
from uuid import UUID, uuid5

from deploy.local.errors import StartFailed
from shared.cloudevents import Message
from shared.database import create_pool
from shared.events import Lane
from shared.kafka import CLASSIFIED, DEAD, READERS, RECEIVED, ROUTED
from tests.faults import topics
from tests.faults.figures import Figure
from tests.faults.scene import Fault, Scene, Told

POISONED: Final = UUID("9b1c2b0e-7a55-4c55-9b7e-0f3a2f1d6e01")
WORKERS: Final = (("intake", "work"), ("classifier", "work"), ("escalation", "work"))
SECOND_READER: Final = ("classifier", "reread")
RECEIPTS: Final = {ROUTED: "intake.receipts"}
LARGEST: Final = 2**20 - 4096  # bytes: a report of 1 MiB as it is sent

CURSED: Final = "It always fails."
BREAK: Final = f"""
create function breaks() returns trigger language plpgsql as $$
begin
    if new.rulebook is not null and position('{CURSED}' in convert_from(new.event, 'utf8')) > 0 then
        raise 'it always fails';
    end if;
    return new;
end $$;
create trigger always_fails before insert or update on cases for each row execute function breaks()
"""
MEND: Final = "drop function breaks() cascade"
READ: Final = "select rulebook is not null from cases where reference = $1 and receipt is not null"
SET_ASIDE: Final = """
select count(*) from cases join queue_item as item using (report_id)
where report_id = any($1::uuid[]) and receipt is not null and 'review' = any(item.queues)
"""


async def poison(scene: Scene) -> Told:
    bad = [_bad(kind, number, lane) for lane in Lane for number, kind in enumerate(BAD)]
    subjects = [subject for subject, _ in bad]
    await topics.publish(scene.world.kafka.address, [message for _, message in bad])

    async def all_set_aside() -> bool:
        return int((await scene.world.fetch(SET_ASIDE, subjects))[0][0]) == len(bad)

    aside = await scene.world.until(all_set_aside, 30)
    letters = await topics.records(scene.world.kafka.address, [DEAD])
    unexplained = sum(not dict(letter.headers).get("dead_reason") for letter in letters)
    start = time.monotonic()
    await scene.driver.flow(10, 2)
    await scene.driver.tell(body={"text": "Again and again. " * (LARGEST // 17)})
    moved_on = await scene.routed(30) and time.monotonic() - start - 2
    failed, replayed = await _always_failing(scene)
    return f"{len(bad)} messages that cannot be read, a report of 1 MiB, a case that cannot be written", [
        Figure("set aside, before a person, with its receipt", aside, 5, "s"),
        Figure("set aside without a reason", unexplained, 0),
        Figure("the partitions moved on", moved_on, 5, "s"),
        Figure("what always fails set aside, with its receipt", failed, 5, "s"),
        Figure("read, once mended and replayed", replayed, 10, "s"),
    ]


BAD: Final = {
    "bad JSON": ("heard.report.received.v1", b"{ not json"),
    "unknown type": ("heard.report.sung.v1", b"{}"),
    "1 MiB of nothing": ("heard.report.received.v1", b"\x00" * 2**20),
}


def _bad(kind: str, number: int, lane: Lane) -> tuple[UUID, Message]:
    type_, body = BAD[kind]
    subject = uuid5(POISONED, f"{lane} {kind} {time.time_ns()}")
    headers = {"id": str(subject), "source": "/intake", "specversion": "1.0", "type": type_, "subject": str(subject)}
    written = tuple((f"ce_{name}", value.encode()) for name, value in headers.items())
    return subject, Message(RECEIVED[lane], str(number).encode(), body, written)


async def _always_failing(scene: Scene) -> tuple[float, float]:
    """One case that the database refuses to keep, whoever tries; then the fault is mended, and its letters replayed."""
    world = scene.world
    async with create_pool(world.postgres.url("escalation"), 1) as owner:
        await owner.execute(BREAK)
        told = await scene.driver.tell(body={"text": f"Loud music. {CURSED}"})
        assert told is not None

        async def is_read(wanted: bool) -> bool:
            return [row[0] for row in await world.fetch(READ, told.reference)] == [wanted]

        failed = await world.until(lambda: is_read(False), 30)
        await world.until(lambda: _both_aside(scene, told.reference), 60)
        await owner.execute(MEND)
    await _replay(scene)
    return failed, await world.until(lambda: is_read(True), 30)


async def _both_aside(scene: Scene, reference: str) -> bool:
    """Whether both readings were set aside: one that came after the mend would hide that nothing was replayed."""
    (case,) = await scene.world.fetch("select report_id from cases where reference = $1", reference)
    letters = await topics.records(scene.world.kafka.address, [DEAD])
    aside = [one for one in letters if dict(one.headers)["dead_topic"].decode() in CLASSIFIED.values()]
    return sum(_subject(letter) == case["report_id"] for letter in aside) >= 2


async def _replay(scene: Scene) -> None:
    """As somebody would by hand: `heard dead list`, then `heard dead replay PLACE` for what escalation could not do."""
    listed = await scene.world.do(scene.world.stack.heard, "dead", "list")
    places = [line.split()[0] for line in listed.splitlines() if CLASSIFIED[Lane.ordinary] in line]
    if not places:
        raise StartFailed("nothing that escalation could not do is listed as set aside")
    await scene.world.do(scene.world.stack.heard, "dead", "replay", *places)


async def again_and_again(scene: Scene) -> Told:
    """Every event ten times, then all of them from the beginning, then their receipts lost."""
    world, kafka = scene.world, scene.world.kafka.address
    await world.down(SECOND_READER)
    await scene.driver.flow(20, scene.scale.of(20, 2, 2))
    await scene.driver.insist(within=30)
    await scene.routed()
    before, given = await _cases(scene), await _receipts(scene)
    every = [*RECEIVED.values(), *CLASSIFIED.values(), ROUTED]
    messages = [_same(record) for record in await topics.records(kafka, every) if _subject(record) in before]
    await topics.publish(kafka, messages * (times := scene.scale.of(10, 4, 3) - 1))
    await _caught_up(scene)
    after = await _receipts(scene)
    not_repeated = sum(after[one] <= given[one] for one in before)
    await world.down(*WORKERS, how=signal.SIGTERM)  # Kafka takes no offsets from elsewhere while they are members
    await topics.rewind(kafka, READERS | RECEIPTS)
    await world.up(*WORKERS)
    await _caught_up(scene)
    lost = await _lost_receipts(scene)
    changed = sum(row != before[one] for one, row in (await _cases(scene)).items() if one in before)
    await world.up(SECOND_READER)
    return f"{len(messages)} events delivered {times + 1}x, offsets set to 0, receipts lost", [
        Figure("receipts that were not repeated", not_repeated, 0),
        Figure("cases that this changed", changed, 0),
        Figure("lost receipts given again", lost, 90, "s"),
    ]


def _same(record: Any) -> Message:
    return Message(record.topic, record.key or b"", record.value or b"", tuple(record.headers))


def _subject(record: Any) -> UUID:
    return UUID(dict(record.headers)["ce_subject"].decode())


async def _cases(scene: Scene) -> dict[UUID, tuple[Any, ...]]:
    """The cases of this fault's reports, as they are."""
    query = """
        select report_id, revision, reading, rulebook, grade, danger_class, receipt, opened_at from cases
        where reference = any($1::text[])
    """
    rows = await scene.world.fetch(query, list(scene.driver.references))
    return {row["report_id"]: tuple(row) for row in rows}


async def _receipts(scene: Scene) -> Counter[UUID]:
    """How many receipts each report was given."""
    return Counter(map(_subject, await topics.records(scene.world.kafka.address, [ROUTED])))


async def _caught_up(scene: Scene) -> None:
    """Until all was read, and every receipt for it is out."""

    async def done() -> bool:
        unsent = (await scene.world.fetch("select count(*) from outbox"))[0][0]
        return not unsent and await topics.caught_up(scene.world.kafka.address, READERS | RECEIPTS)

    await scene.world.until(done, 180)
    await asyncio.sleep(1)
    await scene.world.until(done, 180)


async def _lost_receipts(scene: Scene) -> float:
    """Reports of which escalation gives its receipt, and Kafka loses it: seconds until intake has them all the same."""
    world = scene.world
    await scene.driver.flow(20, 1)
    await scene.driver.insist(within=30)
    await world.down(("intake", "work"))
    await _given(scene)
    await topics.forget(world.kafka.address, ROUTED)
    await world.up(("intake", "work"))
    return await scene.routed(120)


async def _given(scene: Scene) -> None:
    async def done() -> bool:
        return not (await scene.world.fetch("select count(*) from outbox"))[0][0]

    await scene.world.until(done, 30)


FAULTS: Final = (
    Fault("poison", poison),
    Fault("events again and again, receipts lost", again_and_again),
)
