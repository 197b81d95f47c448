"""`heard audit` accounts for receipts still, and `heard audit verify` proves the record."""

import asyncio
import os
import sys
from pathlib import Path

from services.escalation.handlers import audit
from services.escalation.settings import Settings
from shared.database import Pool
from tests.builders import classified
from tests.escalation.conftest import Escalate

ROOT = Path(__file__).resolve().parents[2]


def environment(settings: Settings) -> dict[str, str]:
    return {
        "HEARD_ESCALATION_DATABASE": settings.database.get_secret_value(),
        "HEARD_ESCALATION_GUEST_DATABASE": settings.guest_database.get_secret_value(),
        "HEARD_ESCALATION_KAFKA": settings.kafka.get_secret_value(),
        "HEARD_ESCALATION_TOKEN_KEY": settings.token_key.get_secret_value(),
        "HEARD_ESCALATION_AUDIT_KEY": settings.audit_key.get_secret_value(),
    }


async def heard(settings: Settings, *arguments: str, **told: str) -> tuple[int, str]:
    """One command's exit status and what it printed."""
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | environment(settings) | told
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", *arguments, env=given, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await child.communicate()
    return child.returncode or 0, printed.decode()


async def test_verify_proves_and_fails(escalate: Escalate, pool: Pool, settings: Settings):
    await escalate(classified(), classified())
    await audit.seal_some(pool, settings.audit_key.get_secret_value())
    status, printed = await heard(settings, "audit", "verify")
    entries = await pool.fetchval("select count(*) from audit_entry")
    assert (status, printed.split(";")[0]) == (0, f"{entries} entries")
    status, printed = await heard(settings, "audit", "verify", "--head", "11" * 32)
    assert status == 1
    assert "cut off" in printed


async def test_both_are_offered(settings: Settings):
    _, printed = await heard(settings, "audit", "--help")
    assert "receipts" in printed
    assert "verify" in printed
