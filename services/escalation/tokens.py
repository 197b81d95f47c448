"""Access tokens: signed, for ten minutes, saying whose they are and what for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from services.escalation.errors import NotSignedIn

LIFETIME: Final = timedelta(minutes=10)
ISSUER: Final = "heard-escalation"
ALGORITHM: Final = "HS256"

Role = Literal["agency", "operator"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: a client, its role, and the agency or police force that it acts for."""

    client: str
    role: Role
    belongs_to: str


def issue(who: Principal, key: str, now: datetime) -> str:
    claims = {
        "iss": ISSUER,
        "sub": who.client,
        "role": who.role,
        "belongs_to": who.belongs_to,
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
    }
    return jwt.encode({"alg": ALGORITHM}, claims, OctKey.import_key(key))


def read(token: str, key: str, now: datetime) -> Principal:
    """Whose token this is. Raises NotSignedIn for one that is forged, broken or too old."""
    try:
        claims = jwt.decode(token, OctKey.import_key(key), algorithms=[ALGORITHM]).claims
        wanted = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            iss={"essential": True, "value": ISSUER},
            exp={"essential": True},
            role={"essential": True, "values": ["agency", "operator"]},
        )
        wanted.validate(claims)
    except (JoseError, ValueError) as error:
        raise NotSignedIn("Ask for a new token at /oauth/token, and send it as `Authorization: Bearer …`.") from error
    return Principal(claims["sub"], cast(Role, claims["role"]), claims["belongs_to"])
