"""A small real OpenID provider: discovery, keys, a sign-in that says yes, and tokens for one code each."""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from typing import Annotated, Any

from fastapi import FastAPI, Form, HTTPException
from fastapi.responses import RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey


class OpenIdProvider:
    """Whoever comes is `claims`; `spoil` changes the id token's claims before it is signed."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.signing_key = self.key
        self.claims: dict[str, Any] = {"sub": "sam-1", "name": "Sam Sample"}
        self.spoil: dict[str, Any] = {}
        self.asked: dict[str, dict[str, str]] = {}
        self.app = FastAPI()
        self.app.get("/.well-known/openid-configuration")(self.metadata)
        self.app.get("/keys")(self.keys)
        self.app.get("/authorize")(self.authorize)
        self.app.post("/token")(self.token)

    def metadata(self) -> dict[str, str]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def authorize(
        self, client_id: str, redirect_uri: str, state: str, nonce: str, code_challenge: str, scope: str
    ) -> RedirectResponse:
        code = secrets.token_urlsafe(8)
        self.asked[code] = {"client_id": client_id, "nonce": nonce, "challenge": code_challenge}
        return RedirectResponse(f"{redirect_uri}?code={code}&state={state}", 303)

    def token(self, code: Annotated[str, Form()], code_verifier: Annotated[str, Form()]) -> dict[str, str]:
        asked = self.asked.pop(code, None)
        hashed = urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        if asked is None or hashed != asked["challenge"]:
            raise HTTPException(400, "invalid_grant")
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": asked["client_id"], "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims | self.claims | self.spoil, self.signing_key)
        return {"access_token": "unused", "token_type": "Bearer", "id_token": token}
