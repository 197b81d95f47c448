"""A little traffic, to see that a broker is one."""

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


async def publish(address: str, topic: str, *bodies: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        for body in bodies:
            await producer.send_and_wait(topic, body, key=body, headers=[("ce_id", body)])


async def read(address: str, topic: str, count: int) -> list[bytes]:
    """`count` of them as a member of a group, committed; fewer if no more come for five seconds."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=address,
        group_id="readers",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6000,
    )
    found: list[bytes] = []
    async with consumer:
        while len(found) < count:
            batches = await consumer.getmany(timeout_ms=5000)
            if not batches:
                break
            found += [record.headers[0][1] for records in batches.values() for record in records]
        await consumer.commit()
    return sorted(found)
