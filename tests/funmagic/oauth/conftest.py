from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from funmagic.core.settings import get_settings
from tests.emulators import facebook as facebook_emulator
from tests.emulators.facebook import FacebookEmulator
from tests.emulators.openid import OpenIdEmulator
from tests.emulators.server import serving
from tests.funmagic.oauth.sign_ins import APPLE_KEY
from tests.ports import free_port


@pytest.fixture(scope="session")
def openid_server() -> Iterator[OpenIdEmulator]:
    emulator = OpenIdEmulator()
    with serving(emulator.app, free_port()) as emulator.issuer:
        yield emulator


@pytest.fixture(scope="session")
def facebook_server() -> Iterator[tuple[FacebookEmulator, str]]:
    emulator = FacebookEmulator()
    with serving(emulator.app, free_port()) as url:
        yield emulator, url


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def change(**values: Any) -> None:
        for name, value in values.items():
            monkeypatch.setattr(get_settings(), name, value)

    return change


@pytest.fixture
def google(openid_server: OpenIdEmulator, settings: Callable[..., None]) -> OpenIdEmulator:
    """Google is configured, and is an emulator."""
    openid_server.reset()
    secret = SecretStr("google-secret")
    settings(google_client_id="google-app", google_client_secret=secret, google_issuer=openid_server.issuer)
    return openid_server


@pytest.fixture
def apple(openid_server: OpenIdEmulator, settings: Callable[..., None]) -> OpenIdEmulator:
    """Apple is configured, and is an emulator."""
    openid_server.reset()
    key = SecretStr(APPLE_KEY.as_pem(private=True).decode())
    settings(apple_client_id="apple-app", apple_team_id="TEAM", apple_key_id="KEY1", apple_private_key=key)
    settings(apple_issuer=openid_server.issuer)
    return openid_server


@pytest.fixture
def facebook(facebook_server: tuple[FacebookEmulator, str], settings: Callable[..., None]) -> FacebookEmulator:
    """Facebook is configured, and is an emulator."""
    emulator, url = facebook_server
    emulator.reset()
    secret = SecretStr(facebook_emulator.CLIENT_SECRET)
    settings(facebook_client_id=facebook_emulator.CLIENT_ID, facebook_client_secret=secret)
    settings(facebook_authorize_url=f"{url}/dialog/oauth", facebook_api_base=f"{url}/")
    return emulator
