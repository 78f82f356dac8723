"""HTTP clients of the servers that tests start on this machine."""

from typing import Any

import httpx

# Read once: nobody here speaks TLS, and reading them takes longer than most requests.
CERTIFICATES = httpx.create_ssl_context(trust_env=False)


def new_client(**options: Any) -> httpx.Client:
    """A client that heeds no proxy."""
    return httpx.Client(trust_env=False, verify=CERTIFICATES, **options)
