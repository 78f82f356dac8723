"""Tripo's own client on a guarded connection: it builds what is asked and reads what is answered, and nothing else.

Its transport is ours, so that nothing is retried behind the limiter's back, no request leaves outside the guard, and
the HTTP status and Retry-After of a refusal are not lost.
"""

import re
import sys
from typing import Any

import httpx

from worker.providers.tripo.errors import open_envelope

# As it is imported, the client asks three services on the internet which country this machine is in; not without this.
# So it is imported here and nowhere else.
sys.modules["tripo3d.geo_utils"] = None  # type: ignore[assignment]

from tripo3d import Task, TaskStatus, TripoClient, TripoError  # noqa: E402

__all__ = ["KEY_PREFIX", "GuardedTripo", "Task", "TaskStatus", "TripoError"]

KEY_PREFIX = "tsk_"
NAME = re.compile(r"\w[\w.-]{0,199}", re.ASCII)


class GuardedTripo(TripoClient):
    """Tripo's v3 API; raises our typed errors for refusals, httpx's own for trouble on the way."""

    def __init__(self, key: str, base_url: str, http: httpx.Client) -> None:
        super().__init__(key, v3_base_url=base_url)
        self._http = _Transport(http, key)

    async def upload_image(self, filename: str, data: bytes, mime: str) -> str:
        """Give Tripo an image; returns the token that names it from now on."""
        answer = await self._http.send("POST", "/v3/files", files={"file": (filename, data, mime)})
        return _name(answer["file_token"])

    async def create_model(self, token: str, model: str, options: dict[str, Any]) -> str:
        """Have a model made of an uploaded image, which Tripo charges for; returns the task's id."""
        # Not `image_to_model`: it takes a token that happens to be a file's name for that file, and uploads it.
        return _name(await self.create_task({**options, "type": "image_to_model", "input": token, "model": model}))


class _Transport:
    """What the client calls instead of its own HTTP: one request, once."""

    def __init__(self, http: httpx.Client, secret: str) -> None:
        self._client = http
        self._secret = secret

    async def request(self, method: str, path: str, *, params: Any = None, json_data: Any = None) -> Any:
        """Ask in the client's words; what came in the envelope."""
        return await self.send(method, path, params=params, json=json_data)

    async def send(self, method: str, path: str, **values: Any) -> Any:
        """Ask in httpx's words; raises our typed errors for refusals."""
        # Nothing else runs on this loop, which lives for this call: there is nobody to wait for it.
        return open_envelope(self._client.request(method, path, **values), secret=self._secret)


def _name(given: object) -> str:
    """A name that Tripo gave, which becomes part of addresses; raises ValueError for anything that is none."""
    if not isinstance(given, str) or not NAME.fullmatch(given):
        raise ValueError("not a name of Tripo's")
    return given
