"""fal.ai's own client on a guarded connection, with its retries off, and the jobs it knows."""

from dataclasses import dataclass, field
from typing import Any, Self

import fal_client.client
import httpx
from fal_client import SyncClient
from fal_client.client import SyncRequestHandle

from worker.providers.base import ProviderError

# The client would call up to ten times by itself, the paid POST among them, and wait as it likes.
fal_client.client.MAX_ATTEMPTS = 1
# Addresses are then relative to the base URL of the connection, which is the account's.
fal_client.client.QUEUE_URL_FORMAT = ""

LONGEST_JOB_ID = 200


@dataclass(frozen=True)
class FalClient(SyncClient):
    """fal's client on a connection of ours; it closes with the block."""

    http: httpx.Client = field(kw_only=True, repr=False)

    @property
    def _client(self) -> httpx.Client:
        return self.http

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()


@dataclass(frozen=True)
class FalJob:
    """A job that fal took: its id, and the addresses that fal answered with."""

    id: str
    status_url: str
    response_url: str
    cancel_url: str

    @classmethod
    def of(cls, handle: SyncRequestHandle) -> "FalJob":
        """The job of a submission that was just answered."""
        return cls(handle.request_id, handle.status_url, handle.response_url, handle.cancel_url)

    @classmethod
    def restored(cls, job_id: str, saved: dict[str, Any]) -> "FalJob":
        """The job whose addresses were saved; raises ProviderError when they were not."""
        try:
            return cls(job_id, saved["statusUrl"], saved["responseUrl"], saved["cancelUrl"])
        except KeyError:
            raise ProviderError(f"the addresses of job {job_id} are lost") from None

    def saved(self) -> dict[str, Any]:
        """What `restored` needs besides the id."""
        return {"statusUrl": self.status_url, "responseUrl": self.response_url, "cancelUrl": self.cancel_url}

    def check_home(self, base_url: str) -> None:
        """Raise ProviderError unless all addresses are where the job was sent: our key goes to them."""
        home = _origin(base_url)
        is_named = isinstance(self.id, str) and 0 < len(self.id) <= LONGEST_JOB_ID
        if not is_named or any(_origin(url) != home for url in (self.status_url, self.response_url, self.cancel_url)):
            raise ProviderError("fal.ai answered with a job that is not at its own address")

    def handle(self, http: httpx.Client) -> SyncRequestHandle:
        """The job in the words of fal's client."""
        return SyncRequestHandle(self.id, self.response_url, self.status_url, self.cancel_url, http)


def _origin(url: str) -> tuple[str, str, int | None] | None:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        return None
    return parsed.scheme, parsed.host, parsed.port
