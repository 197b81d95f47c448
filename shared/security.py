"""Keys for programs: the service knows the SHA-256 of each key and whose it is, never the key."""

import hashlib
import hmac
from collections.abc import Mapping

KeyHolders = Mapping[str, str]
"""Who may call, each with the SHA-256 (hex) of their key."""


def sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def holder_of(key: str, holders: KeyHolders) -> str | None:
    """Whose key this is, compared in constant time; None where it is nobody's."""
    digest = sha256(key)
    found = [who for who, kept in holders.items() if hmac.compare_digest(digest, kept)]
    return found[0] if found else None


def bearer(authorization: str | None) -> str | None:
    """The token in an `Authorization: Bearer …` header."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
