"""Whatever a test makes the API answer must be in its document: an error that is not there fails the test."""

from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A defect of ours, which some tests cause.
DEFECT = 500


class DocumentedAnswersOnly:
    """Raises AssertionError for an answer that the document does not name."""

    def __init__(self, app: ASGIApp, api: FastAPI) -> None:
        self._app, self._api = app, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        statuses: list[int] = []

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        await self._app(scope, receive, send_and_note)
        if scope["type"] == "http":
            self._check(scope, statuses)

    def _check(self, scope: Scope, statuses: list[int]) -> None:
        path = getattr(scope.get("route"), "path", "")
        described: dict[str, Any] = self._api.openapi()["paths"].get(path, {}).get(scope["method"].lower(), {})
        for status in statuses:
            is_named = status == DEFECT or status < 400 or str(status) in described.get("responses", {str(status): {}})
            assert is_named, f"{scope['method']} {path} answers {status}: name that error in funmagic/api/openapi.py"
