"""What a program sends again, its first answer having been lost, is done once."""

from uuid import UUID, uuid5


def sent_as(about: UUID, who: str, key: str | None) -> UUID | None:
    """What this program's Idempotency-Key stands for, of this report or review; None where it sent none."""
    return uuid5(about, f"{who} {key}") if key else None
