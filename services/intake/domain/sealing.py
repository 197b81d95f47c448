"""What is kept for somebody who is not logged in: sealed by a code that only they hold.

The row is found by a hash of the code and opened by a key made of the code and the service's secret: neither the
database alone nor the code alone opens it. Of the service's secrets, newest first, the first seals and each opens.
"""

import hashlib
import secrets
from contextlib import suppress
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.intake.domain.reports import ALPHABET, in_fours

LENGTH: Final = 20  # characters of 5 bits: 100 bits
NONCE: Final = 12  # bytes


class Unopened(Exception):
    """Sealed with another code, with a secret that is not known, or altered."""


def new_code() -> str:
    """`4K7Q-X9M2-TB0C-…`: what opens a draft, and what is noted down to come back to it."""
    return in_fours("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def normalised_code(given: str) -> str:
    """A code as a person may type it: lower case, without dashes, O for 0, I or L for 1."""
    plain = "".join(char for char in given.upper().translate(str.maketrans("OIL", "011")) if char in ALPHABET)
    return in_fours(plain)


def place_of(code: str) -> bytes:
    """Where a code's row is."""
    return hashlib.sha256(b"place:" + code.encode()).digest()


def seal(plain: bytes, code: str, known: tuple[str, ...]) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(_key(code, known[0])).encrypt(nonce, plain, place_of(code))


def unseal(sealed: bytes, code: str, known: tuple[str, ...]) -> bytes:
    """Raises Unopened."""
    for secret in known:
        with suppress(InvalidTag):
            return AESGCM(_key(code, secret)).decrypt(sealed[:NONCE], sealed[NONCE:], place_of(code))
    raise Unopened


def _key(code: str, secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"heard sealed " + code.encode()).derive(secret.encode())
