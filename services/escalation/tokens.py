"""Access tokens: signed, for ten minutes, saying whose they are and what for.

The key is changed without a gap: every process reads with the new one before any signs with it, and with the old one
until the last token that it signed has run out (docs/upgrading.md).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from services.escalation.errors import TokenRefused

LIFETIME: Final = timedelta(minutes=10)
ISSUER: Final = "heard-escalation"
ALGORITHM: Final = "HS256"

Role = Literal["agency", "operator"]
Scope = Literal["reports.read", "reports.act", "reviews", "queue"]

SCOPES: Final[Mapping[Role, tuple[Scope, ...]]] = {
    "agency": ("reports.read", "reports.act", "reviews"),
    "operator": ("queue",),
}
"""What each role may ask for."""

MEANS: Final[Mapping[str, str]] = {
    "reports.read": "an agency's feed, and each report in it",
    "reports.act": "to acknowledge, note, give back and close what an agency has",
    "reviews": "ASB Case Reviews, as a panel or as whoever is invited",
    "queue": "a police control room's queue, and all that is done there",
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: a client, its role, the agency or police force that it acts for, and what it may do."""

    client: str
    role: Role
    belongs_to: str
    scopes: tuple[str, ...] = ()


def issue(who: Principal, key: str, now: datetime) -> str:
    claims = {
        "iss": ISSUER,
        "sub": who.client,
        "role": who.role,
        "belongs_to": who.belongs_to,
        "scope": " ".join(who.scopes),
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
    }
    signer = _key(key)
    return jwt.encode({"alg": ALGORITHM, "kid": signer.kid}, claims, signer)


def read(token: str, keys: Sequence[str], now: datetime) -> Principal:
    """Whose token this is. Raises TokenRefused for one that is forged, broken or too old."""
    try:
        claims = jwt.decode(token, KeySet([_key(key) for key in keys]), algorithms=[ALGORITHM]).claims
        wanted = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            iss={"essential": True, "value": ISSUER},
            exp={"essential": True},
            role={"essential": True, "values": ["agency", "operator"]},
        )
        wanted.validate(claims)
    except (JoseError, ValueError) as error:
        raise TokenRefused("Ask for a new token at /oauth/token, and send it as `Authorization: Bearer …`.") from error
    scopes = tuple(claims.get("scope", "").split())
    return Principal(claims["sub"], cast(Role, claims["role"]), claims["belongs_to"], scopes)


def _key(key: str) -> OctKey:
    return OctKey.import_key(key, {"kid": hashlib.sha256(key.encode()).hexdigest()[:8]})
