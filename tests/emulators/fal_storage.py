"""fal.ai's file storage on loopback: a token for an account, and a place for files behind that token."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class FalStorage:
    """One storage: the files in it, who it was asked by, and how it will misbehave."""

    def __init__(self, *, key: str = "") -> None:
        self.key = key
        self.reset()
        self.routes = [
            Route("/storage/auth/token", self._give_token, methods=["POST"]),
            Route("/files/upload", self._upload, methods=["POST"]),
        ]

    def reset(self) -> None:
        """Forget everything."""
        self.files: dict[str, bytes] = {}
        self.tokens: set[str] = set()
        self.authorizations: list[str] = []
        self.requests: Counter[str] = Counter()
        self.token_status = self.upload_status = 0
        self.base = ""
        self.is_malformed = False

    async def _give_token(self, request: Request) -> Response:
        self._record(request, "token")
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Key" or (self.key and key != self.key):
            return JSONResponse({"detail": "Authentication is required"}, 401)
        if self.token_status:
            return JSONResponse({"detail": "not now"}, self.token_status)
        token = uuid4().hex
        self.tokens.add(token)
        expires_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        # Whatever address is named here is not where the file goes: fal's own client overlooks it, too.
        answer = {
            "token": token,
            "token_type": "Bearer",
            "base_url": self.base or "https://x",
            "expires_at": expires_at,
        }
        return JSONResponse({} if self.is_malformed else answer)

    async def _upload(self, request: Request) -> Response:
        self._record(request, "upload")
        data = await request.body()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.tokens:
            return JSONResponse({"detail": "Authentication is required"}, 401)
        if self.upload_status:
            return JSONResponse({"detail": "not now"}, self.upload_status)
        file_id = uuid4().hex
        self.files[file_id] = data
        return JSONResponse({"access_url": f"{request.base_url}files/in/{file_id}"})

    def _record(self, request: Request, place: str) -> None:
        self.requests[place] += 1
        self.authorizations.append(request.headers.get("authorization", ""))
