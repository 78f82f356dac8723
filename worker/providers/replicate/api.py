"""The few calls of Replicate's HTTP API that we make, on guarded connections; its own SDK is no longer kept.

Every address is the account's own with an id in it that we looked at: no address that an answer names is given the key.
"""

import math
import re
from typing import Any

import httpx
from ssrfguard import SSRFGuardError

from funmagic.core.outbound import guarded_client
from funmagic.providers.types import REPLICATE
from worker.providers.accounts import Account
from worker.providers.base import (
    InputFile,
    ModelRetired,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
)
from worker.providers.replicate.errors import read_refusal

MODEL_NAME = re.compile(r"(?P<name>[\w-][\w.-]*/[\w-][\w.-]*)(:(?P<version>[0-9a-f]{64}))?", re.ASCII)
JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)
ANSWER_BYTES = 2_000_000
# Replicate ends what we lost sight of by itself; it takes no shorter time than this.
SHORTEST_DEADLINE_S = 5


class MalformedAnswer(ProviderError):
    """An answer that is not in the API's format: a proxy's, perhaps, that passes."""


class ReplicateApi:
    """Replicate, as one account sees it; answers are checked for their form, and refusals are typed errors."""

    def __init__(self, account: Account, key: str) -> None:
        self._config = account.config
        self._key = key
        self._base_url = account.base_url or str(REPLICATE.base_url)

    def upload(self, file: InputFile, *, within_s: float) -> str:
        """Bring a file to Replicate; its address there, which is at Replicate's own. Nothing is paid for yet."""
        content = {"content": ("cutout.png", file.data, file.mime)}
        try:
            response = self._send("POST", "/v1/files", within_s=within_s, files=content)
        except (ProviderTimeout, ModelRetired) as error:
            raise ProviderUnavailable(str(error)) from None
        address = _field(_body(response), "urls", "get")
        if not isinstance(address, str) or _origin(address) != _origin(self._base_url):
            raise ProviderError("Replicate's answer to an upload makes no sense")
        return address

    def create(self, model: str, inputs: dict[str, Any], *, within_s: float, time_left_s: float) -> str:
        """Start a prediction that ends by itself after the time that is left; its id.

        Raises ProviderTimeout when Replicate may have taken it without saying so.
        """
        name, version = split_model(model)
        path = "/v1/predictions" if version else f"/v1/models/{name}/predictions"
        asked = {"version": version, "input": inputs} if version else {"input": inputs}
        deadline = {"Cancel-After": f"{max(math.ceil(time_left_s), SHORTEST_DEADLINE_S)}s"}
        body = _body(self._send("POST", path, within_s=within_s, json=asked, headers=deadline))
        job_id = body.get("id")
        if not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id):
            raise ProviderError("Replicate's answer to a prediction makes no sense")
        return job_id

    def knows(self, model: str, *, within_s: float) -> bool:
        """Whether Replicate still has the model, in this version."""
        name, version = split_model(model)
        path = f"/v1/models/{name}" + (f"/versions/{version}" if version else "")
        return self._answer("GET", path, within_s=within_s).status_code != httpx.codes.NOT_FOUND

    def read(self, job_id: str, *, within_s: float) -> dict[str, Any]:
        """A prediction as it is now."""
        return _body(self._send("GET", f"/v1/predictions/{checked_id(job_id)}", within_s=within_s))

    def cancel(self, job_id: str, *, within_s: float) -> dict[str, Any]:
        """Stop a prediction; what became of it."""
        return _body(self._send("POST", f"/v1/predictions/{checked_id(job_id)}/cancel", within_s=within_s))

    def read_account(self, *, within_s: float) -> None:
        """Ask who we are: free, and only for a valid token."""
        self._send("GET", "/v1/account", within_s=within_s)

    def _send(self, method: str, path: str, *, within_s: float, **options: Any) -> httpx.Response:
        response = self._answer(method, path, within_s=within_s, **options)
        if not response.is_success:
            raise read_refusal(response, secret=self._key)
        return response

    def _answer(self, method: str, path: str, *, within_s: float, **options: Any) -> httpx.Response:
        headers = {**self._config.headers, "Authorization": f"Bearer {self._key}"}
        try:
            with guarded_client(
                within_s=within_s, max_bytes=ANSWER_BYTES, base_url=self._base_url, headers=headers
            ) as client:
                return client.request(method, path, **options)
        except (httpx.ConnectError, httpx.ConnectTimeout, SSRFGuardError) as error:
            raise ProviderUnavailable(f"Replicate cannot be reached: {type(error).__name__}") from None
        except httpx.HTTPError as error:
            raise ProviderTimeout(f"Replicate did not answer: {type(error).__name__}") from None


def split_model(model: str) -> tuple[str, str | None]:
    """Owner/name, and the version if one is named; raises ProviderUnavailable for what is no model of Replicate's."""
    named = MODEL_NAME.fullmatch(model)
    if named is None:
        raise ProviderUnavailable(f"{model} is not the name of a model of Replicate")
    return named["name"], named["version"]


def checked_id(job_id: str) -> str:
    """The id of a prediction, as it may stand in an address; raises ProviderError."""
    if not JOB_ID.fullmatch(job_id):
        raise ProviderError("that is no id of a prediction")
    return job_id


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise MalformedAnswer("Replicate's answer makes no sense")
    return body


def _field(body: dict[str, Any], outer: str, inner: str) -> object:
    value = body.get(outer)
    return value.get(inner) if isinstance(value, dict) else None


def _origin(url: str) -> tuple[str, str, int | None] | None:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        return None
    return parsed.scheme, parsed.host, parsed.port
