"""fal.ai's file storage: where a file goes that is too large to be sent within a request."""

import re
from typing import Any

import httpx
from fal_client import encode
from ssrfguard import SSRFGuardError

from funmagic.core.outbound import guarded_client
from funmagic.providers.types.fal import TYPE
from worker.providers.accounts import Account
from worker.providers.base import (
    AccountRefused,
    InputFile,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
)
from worker.providers.fal.errors import read_refusal

# fal's client has them written down, and no setting for them.
REST_URL = "https://rest.fal.ai"
CDN_URL = "https://v3.fal.media"
TOKEN_PATH = "/storage/auth/token?storage_type=fal-cdn-v3"  # noqa: S105 - an address
UPLOAD_PATH = "/files/upload"
# A data URI is a third larger than its file; up to here that is the simplest that can work.
LARGEST_INLINE = 3_000_000
LONGEST_ADDRESS = 2_000
ANSWER_BYTES = 100_000
HEADER_VALUE = re.compile(r"[\x21-\x7e]{1,4000}")


def address_file(file: InputFile, account: Account, *, within_s: float) -> str:
    """An address under which fal's models find the file: one that holds it, or one in fal's storage.

    Nothing is paid for yet, so whatever goes wrong here may be tried again.
    """
    if len(file.data) <= LARGEST_INLINE:
        return encode(file.data, file.mime)
    rest_url, cdn_url = storage_hosts(account)
    key = account.api_key.get_secret_value() if account.api_key else ""
    token = _post(f"{rest_url}{TOKEN_PATH}", f"Key {key}", key, within_s=within_s, json={})
    authorization = f"{token.get('token_type')} {token.get('token')}"
    if not all(HEADER_VALUE.fullmatch(str(token.get(name) or "")) for name in ("token_type", "token")):
        raise ProviderError("fal.ai's answer to a request for a token makes no sense")
    headers = {"Content-Type": file.mime, "X-Fal-File-Name": "photo"}
    answer = _post(f"{cdn_url}{UPLOAD_PATH}", authorization, key, within_s=within_s, content=file.data, headers=headers)
    address = answer.get("access_url")
    if (
        not isinstance(address, str)
        or len(address) > LONGEST_ADDRESS
        or not address.startswith(("https://", "http://"))
    ):
        raise ProviderError("fal.ai's answer to an upload makes no sense")
    return address


def storage_hosts(account: Account) -> tuple[str, str]:
    """Who gives out tokens, and who takes files: fal's own hosts, or for another address than fal's, that address."""
    base_url = (account.base_url or str(TYPE.base_url)).rstrip("/")
    return (REST_URL, CDN_URL) if base_url == TYPE.base_url else (base_url, base_url)


def _post(url: str, authorization: str, key: str, *, within_s: float, **options: Any) -> dict[str, Any]:
    # Redirects are not followed: the key goes to the host we named, and to no other.
    headers = {**options.pop("headers", {}), "Authorization": authorization}
    try:
        with guarded_client(within_s=within_s, max_bytes=ANSWER_BYTES) as client:
            response = client.post(url, headers=headers, **options)
    except (httpx.HTTPError, SSRFGuardError) as error:
        raise ProviderUnavailable(f"fal.ai's storage cannot be reached: {type(error).__name__}") from None
    if not response.is_success:
        refusal = read_refusal(response, secret=key)
        passes = isinstance(refusal, ProviderRateLimited | AccountRefused)
        raise refusal if passes else ProviderUnavailable(f"fal.ai's storage refused: {refusal}")
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ProviderError("fal.ai's storage makes no sense")
    return body
