"""A real OpenID provider on loopback, npm's `oidc-provider`, as Google or as Apple; `tests/provide.sh` brings it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from tests.ports import answers
from tests.waiting import wait_until

PROJECT = Path(__file__).parents[3]
NPM_FOLDER = PROJECT / ".data" / "npm"
SCRIPT = Path(__file__).with_name("provider.mjs")
APPLE_KEY = ECKey.generate_key("P-256")
APPLE_TEAM, APPLE_KEY_ID = "TEAM123456", "KEY1234567"


@contextmanager
def running_google(product_url: str, port: int) -> Iterator[None]:
    """Google on this port, for a product at this address."""
    client = {"client_id": "google-app", "client_secret": "google-secret"}
    with _running("google", product_url, port, client):
        yield


@contextmanager
def running_apple(product_url: str, port: int) -> Iterator[None]:
    """Apple on this port, for a product at this address."""
    client = {
        "client_id": "apple-app",
        "client_secret": "never-sent",
        "token_endpoint_auth_method": "client_secret_post",
    }
    claims = {"issuer": APPLE_TEAM, "subject": "apple-app", "audience": f"http://127.0.0.1:{port}"}
    apple = {"key": APPLE_KEY.as_dict(private=False), "claims": claims}
    with _running("apple", product_url, port, client, apple=apple):
        yield


def google_settings(port: int) -> dict[str, str]:
    """The variables with which a product takes it for Google."""
    return {
        "FUNMAGIC_GOOGLE_CLIENT_ID": "google-app",
        "FUNMAGIC_GOOGLE_CLIENT_SECRET": "google-secret",
        "FUNMAGIC_GOOGLE_ISSUER": f"http://127.0.0.1:{port}",
    }


def apple_settings(port: int) -> dict[str, str]:
    """The variables with which a product takes it for Apple."""
    return {
        "FUNMAGIC_APPLE_CLIENT_ID": "apple-app",
        "FUNMAGIC_APPLE_TEAM_ID": APPLE_TEAM,
        "FUNMAGIC_APPLE_KEY_ID": APPLE_KEY_ID,
        # As a variable of one line holds it.
        "FUNMAGIC_APPLE_PRIVATE_KEY": APPLE_KEY.as_pem(private=True).decode().replace("\n", "\\n"),
        "FUNMAGIC_APPLE_ISSUER": f"http://127.0.0.1:{port}",
    }


@contextmanager
def _running(name: str, product_url: str, port: int, client: dict[str, Any], **more: Any) -> Iterator[None]:
    callback = f"{product_url}/api/auth/oauth/{name}/callback"
    config = {"port": port, "client": {**client, "redirect_uris": [callback]}, **more}
    node = Path(sys.executable).with_name("node")
    server = subprocess.Popen([node, SCRIPT, NPM_FOLDER, json.dumps(config)], stderr=subprocess.DEVNULL)
    discovery = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
    try:
        wait_until(lambda: answers(discovery), of=server)  # it is there once tests/provide.sh has brought it
        yield
    finally:
        server.kill()
        server.wait()
