"""An OpenID provider on loopback that answers as tests tell it to, wrongly too; people consent through `approve`."""

import asyncio
import base64
import hashlib
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
FOREIGN_KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
SECONDS_OF_SILENCE = 60


@dataclass
class Grant:
    """What a person consented to."""

    request: dict[str, str]
    claims: dict[str, Any]
    is_used: bool = False


@dataclass
class OpenIdEmulator:
    """One provider: what it was asked, and how it will misbehave."""

    issuer: str = ""
    grants: dict[str, Grant] = field(default_factory=dict)
    token_requests: list[dict[str, str]] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: KEY)
    # Places that answer with this status, or not at all where it is 0.
    trouble: dict[str, int] = field(default_factory=dict)
    # Places that answer this instead of JSON of the protocol.
    nonsense: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        """The provider as an ASGI application."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/jwks", self._show_keys),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def reset(self) -> None:
        """Forget everything, and behave."""
        for known in (self.grants, self.token_requests, self.trouble, self.nonsense):
            known.clear()
        self.key = KEY

    def approve(self, location: str, **claims: Any) -> dict[str, str]:
        """What the provider sends back for a person that we sent to `location`, with these claims of them."""
        request = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        code = str(uuid4())
        self.grants[code] = Grant(request, claims)
        return {"code": code, "state": request["state"]}

    async def _describe(self, _request: Request) -> Response:
        described = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return await self._misbehave("discovery") or JSONResponse(described)

    async def _show_keys(self, _request: Request) -> Response:
        return await self._misbehave("jwks") or JSONResponse(KeySet([KEY]).as_dict(private=False))

    async def _token(self, request: Request) -> Response:
        if misbehaviour := await self._misbehave("token"):
            return misbehaviour
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.token_requests.append(form | {"authorization": request.headers.get("authorization", "")})
        grant = self.grants.get(form.get("code", ""))
        if grant is None or grant.is_used or not _fits(grant, form):
            return JSONResponse({"error": "invalid_grant"}, 400)
        grant.is_used = True
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": self._id_token(grant)})

    def _id_token(self, grant: Grant) -> str:
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": grant.request["client_id"], "nonce": grant.request["nonce"]}
        claims = {**usual, "iat": now, "exp": now + 600, **grant.claims}
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    async def _misbehave(self, place: str) -> Response | None:
        if place in self.nonsense:
            return Response(self.nonsense[place], media_type="application/json")
        if self.trouble.get(place) == 0:
            await asyncio.sleep(SECONDS_OF_SILENCE)
        return Response("trouble", self.trouble[place]) if place in self.trouble else None


def _fits(grant: Grant, form: dict[str, str]) -> bool:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    is_same_flow = form.get("redirect_uri") == grant.request["redirect_uri"]
    return (
        is_same_flow
        and grant.request["code_challenge_method"] == "S256"
        and challenge == grant.request["code_challenge"]
    )
