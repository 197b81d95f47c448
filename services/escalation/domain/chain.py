"""The audit chain: a seal is over its entry and the seal before it, under a key that the database lacks."""

import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

GENESIS: Final = bytes(32)
"""What stands before the first entry."""


def seal(before: bytes, position: int, entry: Mapping[str, Any], key: bytes) -> bytes:
    """HMAC-SHA256 over the entry as it was written, its place, and the seal before it."""
    content = {
        "position": position,
        "id": entry["id"],
        "at": entry["at"].isoformat(),
        "who": entry["who"],
        "action": entry["action"],
        "report_id": str(entry["report_id"]) if entry["report_id"] else None,
        "why": entry["why"],
        "detail": entry["detail"],
    }
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hmac.digest(key, before + written, "sha256")


def fault(before: bytes, position: int, entry: Mapping[str, Any], key: bytes) -> str | None:
    """What is wrong with the entry that should stand at `position`; None where nothing is."""
    if entry["position"] != position:
        return f"entry {position} is missing"
    if not hmac.compare_digest(entry["hash"], seal(before, position, entry, key)):
        return f"entry {position} is not as it was sealed"
    return None
