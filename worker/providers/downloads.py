"""Fetches the files that providers made, from addresses that providers name: nothing about them is trusted."""

import httpx
from ssrfguard import SSRFGuardError

from funmagic.core.outbound import AnswerRefused, guarded_client
from worker.providers.base import ProviderError, ProviderTimeout, ProviderUnavailable

GONE = (403, 404, 410)
TRY_AGAIN = (408, 425, 429)


class FileGone(ProviderError):
    """The address does not serve the file any more, as signed addresses do when they expire."""


def fetch_file(url: str, *, max_bytes: int, within_s: float) -> bytes:
    """The file at a public http(s) address.

    Raises FileGone; ProviderTimeout when it does not arrive within so many seconds; ProviderUnavailable when asking
    again may help; ProviderError when the address is forbidden, the file too large, or the answer something else.
    """
    try:
        with guarded_client(within_s=within_s, max_bytes=max_bytes, follow_redirects=True) as client:
            response = client.get(url)
    except (SSRFGuardError, httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
        raise ProviderError(f"the result's address cannot be fetched: {_reason(error)}") from None
    except AnswerRefused as error:
        raise ProviderError(f"the result cannot be fetched: {error}") from None
    except httpx.TimeoutException:
        raise ProviderTimeout(f"the result did not arrive within {within_s} s") from None
    except httpx.HTTPError as error:
        raise ProviderUnavailable(f"the result could not be fetched: {type(error).__name__}") from None
    _check_status(response.status_code)
    return response.content


def _check_status(status: int) -> None:
    problem = f"the result's address answered HTTP {status}"
    if status in GONE:
        raise FileGone(problem)
    if status in TRY_AGAIN or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise ProviderUnavailable(problem)
    if status != httpx.codes.OK:
        raise ProviderError(problem)


def _reason(error: Exception) -> str:
    # Not the whole text: it holds the address, which may be signed.
    return str(getattr(error, "reason", type(error).__name__))
