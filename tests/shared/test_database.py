"""What a stalled process may do to others: little, and not for long."""

import time

from shared.database import Pool, create_pool, transaction

HERE = 11


async def test_whoever_stalls_in_a_transaction_holds_its_locks_for_seconds(outbox_url: str, pool: Pool):
    async with create_pool(outbox_url, 1) as stalled:
        connection = await stalled.acquire()
        await connection.execute("begin")
        await connection.execute("select pg_advisory_xact_lock($1)", HERE)
        start = time.monotonic()
        try:
            async with transaction(pool) as other:
                await other.execute("select pg_advisory_xact_lock($1)", HERE, timeout=60)
        finally:
            stalled.terminate()
        assert time.monotonic() - start < 30
