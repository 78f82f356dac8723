"""Credentials in the database can be read back in their place, with a key we have, and in no other way."""

import ast
import base64
import secrets

import pytest
from pydantic import SecretStr

from funmagic.core.crypto import UndecryptableSecret, decrypt, encrypt
from funmagic.core.settings import Settings, get_settings
from tests.servers import PROJECT

PLACE = {"table": "providers", "row_id": "1", "field": "api_key"}


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


@pytest.fixture
def use_keys(monkeypatch: pytest.MonkeyPatch):
    def use(*keys: str) -> None:
        monkeypatch.setattr(get_settings(), "encryption_keys", SecretStr(",".join(keys)))

    return use


@pytest.mark.parametrize("text", ["key-123", "", "a" * 1000, "schlüssel 🔑"])
def test_what_was_encrypted_can_be_read_in_its_place(text: str) -> None:
    sealed = encrypt(text, **PLACE)
    assert sealed.startswith("v1:")
    assert text == "" or text not in sealed
    assert decrypt(sealed, **PLACE) == text


def test_the_same_text_is_never_encrypted_the_same_way() -> None:
    assert len({encrypt("key", **PLACE) for _ in range(100)}) == 100


@pytest.mark.parametrize("change", [{"table": "admin_providers"}, {"row_id": "2"}, {"field": "credentials"}])
def test_it_cannot_be_moved_to_another_place(change: dict[str, str]) -> None:
    sealed = encrypt("key", **PLACE)
    with pytest.raises(UndecryptableSecret):
        decrypt(sealed, **{**PLACE, **change})


def test_every_changed_character_is_noticed() -> None:
    sealed = encrypt("key", **PLACE)
    for place in range(len(sealed)):
        other = "A" if sealed[place] != "A" else "B"
        with pytest.raises(UndecryptableSecret):
            decrypt(sealed[:place] + other + sealed[place + 1 :], **PLACE)


@pytest.mark.parametrize("garbage", ["", "v1:", "v1:AAAA", "v2:AAAA", "key", "v1:äöü", "v1:A", "v1:" + "A" * 28])
def test_what_was_never_encrypted_cannot_be_read(garbage: str) -> None:
    with pytest.raises(UndecryptableSecret):
        decrypt(garbage, **PLACE)


def test_after_a_rotation_old_texts_are_read_and_new_ones_need_the_new_key(use_keys) -> None:
    old, new = new_key(), new_key()
    use_keys(old)
    before = encrypt("key", **PLACE)
    use_keys(new, old)
    assert decrypt(before, **PLACE) == "key"
    after = encrypt("key", **PLACE)
    use_keys(new)
    assert decrypt(after, **PLACE) == "key"
    with pytest.raises(UndecryptableSecret):
        decrypt(before, **PLACE)
    use_keys(old)
    with pytest.raises(UndecryptableSecret) as caught:
        decrypt(after, **PLACE)
    assert old not in str(caught.value)


@pytest.mark.parametrize("listed", ["no-key", "AAAA", "äöü", "A" * 42, "A" * 44, f"{'A' * 43}=,short"])
def test_a_key_that_is_no_key_stops_the_start_and_is_not_repeated(listed: str) -> None:
    with pytest.raises(ValueError, match="base64 of 32 bytes") as caught:
        Settings(encryption_keys=listed)
    assert listed not in str(caught.value)


@pytest.mark.parametrize(
    "write", [str, lambda key: key.rstrip("="), lambda key: key.replace("+", "-").replace("/", "_")]
)
def test_a_key_may_be_written_in_either_alphabet_padded_or_not(write) -> None:
    key = base64.b64encode(bytes([251, 255] * 16)).decode()
    settings = Settings(encryption_keys=f" {write(key)} ,")
    assert settings.encryption_key_list() == [bytes([251, 255] * 16)]


def test_without_a_configured_key_one_is_made_and_kept(tmp_path) -> None:
    first = Settings(data_dir=tmp_path).encryption_key_list()
    assert Settings(data_dir=tmp_path).encryption_key_list() == first
    assert [len(key) for key in first] == [32]


def test_only_the_worker_decrypts() -> None:
    users = {
        path.relative_to(PROJECT).as_posix()
        for room in ("funmagic", "admin", "worker")
        for path in (PROJECT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and "decrypt" in [alias.name for alias in node.names])
        or (isinstance(node, ast.Attribute) and node.attr == "decrypt")
    }
    assert users == {"funmagic/core/crypto.py", "worker/mail/sending.py", "worker/providers/accounts.py"}
