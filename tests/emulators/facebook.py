"""Facebook's part of a sign-in on loopback: the dialog, the code for a token, and `me`."""

import html
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

CLIENT_ID = "facebook-app"
CLIENT_SECRET = "facebook-secret"
FAYE = {"id": "1001", "name": "Faye Book", "email": "faye@example.com"}


@dataclass
class FacebookEmulator:
    """One Facebook, with one person in front of it."""

    person: dict[str, Any] = field(default_factory=lambda: dict(FAYE))
    codes: dict[str, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    @property
    def app(self) -> Starlette:
        """Facebook as an ASGI application."""
        return Starlette(
            routes=[
                Route("/dialog/oauth", self._authorize),
                Route("/oauth/access_token", self._token, methods=["POST"]),
                Route("/me", self._me),
            ]
        )

    def reset(self) -> None:
        """Forget everything; Faye is back."""
        self.person = dict(FAYE)
        self.codes.clear()
        self.tokens.clear()

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        assert asked["client_id"] == CLIENT_ID
        assert set(asked["scope"].split()) == {"email", "public_profile"}
        code = str(uuid4())
        self.codes[code] = asked["redirect_uri"]
        yes = {"code": code, "state": asked["state"]}
        no = {"error": "access_denied", "error_reason": "user_denied", "state": asked["state"]}
        links = [
            f'<a href="{html.escape(asked["redirect_uri"] + "?" + urlencode(answer))}">{label}</a>'
            for label, answer in (("Continue as Faye", yes), ("Cancel", no))
        ]
        return HTMLResponse(f"<title>Facebook</title>{' '.join(links)}")

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        is_ours = (form["client_id"], form["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
        # A code works once, and for the address that it was made for.
        if not is_ours or self.codes.pop(str(form["code"]), None) != form["redirect_uri"]:
            problem = {"message": "Invalid verification code", "type": "OAuthException", "code": 100}
            return JSONResponse({"error": problem}, 400)
        token = str(uuid4())
        self.tokens.add(token)
        return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": 5_000_000})

    async def _me(self, request: Request) -> Response:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return JSONResponse({"error": {"message": "Invalid OAuth access token", "code": 190}}, 400)
        fields = request.query_params["fields"].split(",")
        return JSONResponse({name: self.person[name] for name in fields if name in self.person})
