"""OpenID Connect: the authorization code flow with PKCE, against the organisation's own provider."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.escalation.domain.people import Person, Role
from services.escalation.errors import NotLetIn, ProviderAway
from services.escalation.settings import Settings
from shared.http import NO_ANSWER

ALGORITHMS: Final = ["RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
LEEWAY: Final = 60  # seconds that the provider's clock may differ
SCOPE: Final = "openid profile"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the browser keeps between leaving for the provider and coming back."""

    state: str
    nonce: str
    verifier: str

    @staticmethod
    def fresh() -> "Attempt":
        return Attempt(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


@dataclass
class Provider:
    """One organisation's provider; what it says of itself is asked once."""

    settings: Settings
    client: httpx.AsyncClient
    _metadata: OpenIDProviderMetadata | None = field(default=None)

    async def leave_for(self, attempt: Attempt, back: str, anew: bool = False) -> str:
        """Where the browser is sent to sign in; `anew`, whoever is signed in there. Raises ProviderAway."""
        metadata = await self._described()
        uri: str = prepare_grant_uri(
            metadata["authorization_endpoint"],
            self.settings.openid_client_id,
            "code",
            redirect_uri=back,
            scope=SCOPE,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
            prompt="login" if anew else None,
        )
        return uri

    async def come_back(self, code: str, attempt: Attempt, back: str, now: datetime) -> Person:
        """Who came back with this code. Raises ProviderAway, or NotLetIn where it proves nobody or nobody of ours."""
        metadata = await self._described()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
        secret = self.settings.openid_client_secret.get_secret_value()
        answer = await self._asked(
            "POST",
            metadata["token_endpoint"],
            data=form | {"code_verifier": attempt.verifier},
            auth=(self.settings.openid_client_id, secret),
        )
        keys = await self._asked("GET", metadata["jwks_uri"])
        return self._person(_proved(answer, keys, attempt, metadata["issuer"], self.settings.openid_client_id, now))

    async def _described(self) -> OpenIDProviderMetadata:
        if self._metadata is None:
            issuer = self.settings.openid_issuer or ""
            metadata = OpenIDProviderMetadata(await self._asked("GET", get_well_known_url(issuer, external=True)))
            if metadata.get("issuer") != issuer:
                raise ProviderAway("It calls itself something else than we were told: check the issuer's address.")
            self._metadata = metadata
        return self._metadata

    async def _asked(self, method: str, url: str, **given: Any) -> dict[str, Any]:
        try:
            answer = await self.client.request(method, url, **given)
            answer.raise_for_status()
            told: dict[str, Any] = answer.json()
        except (*NO_ANSWER, ValueError) as error:
            raise ProviderAway("Try again in a minute. If it goes on, tell whoever runs the sign-in.") from error
        return told

    def _person(self, claims: dict[str, Any]) -> Person:
        """A role and a force must be among the claims: nobody is let in by default."""
        said = claims.get(self.settings.openid_role_claim)
        role = _role(said if isinstance(said, list) else [said])
        force = claims.get(self.settings.openid_force_claim)
        if role is None or not isinstance(force, str):
            raise NotLetIn("Your organisation has not said what you may do here: ask its administrator.")
        return Person(f"{claims['iss']}|{claims['sub']}", claims.get("name") or claims["sub"], role, force)


def _role(said: list[Any]) -> Role | None:
    """The one role that is named; a supervisor may be among the operators too. Raises NotLetIn for any other two."""
    roles = [role for role in Role if role in said]
    if roles == [Role.operator, Role.supervisor]:
        return Role.supervisor
    if len(roles) > 1:
        raise NotLetIn(f"Your organisation gives you {len(roles)} roles here: ask its administrator to leave you one.")
    return roles[0] if roles else None


def _proved(
    answer: dict[str, Any], keys: dict[str, Any], attempt: Attempt, issuer: str, client_id: str, now: datetime
) -> dict[str, Any]:
    """The claims of the id token, its signature, issuer, audience, times and nonce being right."""
    try:
        token = jwt.decode(answer["id_token"], KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        wanted = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}
        claims = CodeIDToken(
            token.claims,
            token.header,
            wanted,
            {"nonce": attempt.nonce, "client_id": client_id},
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
    except (JoseError, AuthlibBaseError, KeyError, ValueError) as error:
        raise NotLetIn("What your organisation sent does not prove who you are. Sign in again.") from error
    return dict(claims)
