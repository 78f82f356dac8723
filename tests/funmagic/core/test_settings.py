import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from pydantic import ValidationError

from funmagic.core.mail_server import MailServer
from funmagic.core.settings import Settings

PRODUCTION: dict[str, Any] = {
    "env": "production",
    "secret_key": "x" * 32,
    "public_url": "https://magic.example",
    "database_url": "postgresql://db/funmagic",
    "redis_url": "redis://redis:6379/0",
    "s3_access_key": "key",
    "s3_secret_key": "secret",
    "encryption_keys": "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=",
    "metrics_token": "token",
    "smtp_url": "smtps://user:password@mail.example",
}
INSISTED = tuple(
    f"FUNMAGIC_{name}"
    for name in (
        "SECRET_KEY",
        "PUBLIC_URL",
        "DATABASE_URL",
        "REDIS_URL",
        "S3_ACCESS_KEY",
        "ENCRYPTION_KEYS",
        "SMTP_URL",
        "METRICS_TOKEN",
    )
)


def make(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def test_a_fresh_machine_needs_nothing(tmp_path: Path) -> None:
    settings = make(data_dir=tmp_path, port=3000)
    assert settings.is_local
    assert (settings.host, settings.public_url) == ("127.0.0.1", "http://localhost:3000")
    assert settings.database_url == f"sqlite:///{tmp_path / 'funmagic.db'}"
    assert settings.redis_address == f"unix://{tmp_path / 'redis' / 'redis.sock'}"


def test_production_starts_with_everything_it_needs() -> None:
    settings = make(**PRODUCTION)
    assert (settings.host, settings.is_secure, settings.is_local) == ("0.0.0.0", True, False)  # noqa: S104
    assert settings.allowed_origins == ("https://magic.example",)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"secret_key": ""}, "FUNMAGIC_SECRET_KEY"),
        ({"public_url": ""}, "FUNMAGIC_PUBLIC_URL"),
        ({"public_url": "http://magic.example"}, "FUNMAGIC_PUBLIC_URL"),
        ({"database_url": ""}, "FUNMAGIC_DATABASE_URL"),
        ({"database_url": "sqlite:///x.db"}, "FUNMAGIC_DATABASE_URL"),
        ({"redis_url": ""}, "FUNMAGIC_REDIS_URL"),
        ({"s3_access_key": ""}, "FUNMAGIC_S3_ACCESS_KEY"),
        ({"s3_secret_key": ""}, "FUNMAGIC_S3_ACCESS_KEY"),
        ({"encryption_keys": ""}, "FUNMAGIC_ENCRYPTION_KEYS"),
        ({"metrics_token": ""}, "FUNMAGIC_METRICS_TOKEN"),
        ({"smtp_url": ""}, "FUNMAGIC_SMTP_URL"),
    ],
)
def test_production_refuses_to_start_and_names_what_is_missing(changes: dict[str, str], named: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        make(**PRODUCTION | changes)
    message = refusal.value.errors()[0]["msg"]
    assert [name for name in INSISTED if name in message] == [named]


def test_production_names_everything_that_is_missing_at_once() -> None:
    with pytest.raises(ValidationError, match=".*".join(INSISTED)):
        make(env="production")


def test_a_refusal_does_not_print_the_secrets() -> None:
    with pytest.raises(ValidationError) as refusal:
        make(**PRODUCTION | {"secret_key": "the secret key", "redis_url": ""})
    assert "the secret key" not in str(refusal.value)
    with pytest.raises(ValidationError) as refusal:
        make(**PRODUCTION | {"database_url": "postgresql://me:the-password@db/x", "redis_url": ""})
    assert "the-password" not in str(refusal.value)


@pytest.mark.parametrize(
    "values", [{"env": "staging"}, {"port": "many"}, {"workers": "x"}, {"s3_endpoint": "store:9000"}]
)
def test_a_value_that_means_nothing_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        make(**values)


@pytest.mark.parametrize(
    ("values", "origins"),
    [
        ({"port": 3000}, {"http://localhost:3000", "http://127.0.0.1:3000"}),
        ({"public_url": "http://127.0.0.1:8000/"}, {"http://localhost:8000", "http://127.0.0.1:8000"}),
        ({"public_url": "http://box.lan:3000"}, {"http://box.lan:3000"}),
        (PRODUCTION, {"https://magic.example"}),
        (PRODUCTION | {"public_url": "https://magic.example/"}, {"https://magic.example"}),
        # Browsers leave the default port out of Origin, and write the host in small letters.
        ({"port": 80}, {"http://localhost", "http://127.0.0.1"}),
        (PRODUCTION | {"public_url": "https://magic.example:443"}, {"https://magic.example"}),
        (PRODUCTION | {"public_url": "https://Magic.Example"}, {"https://magic.example"}),
    ],
)
def test_the_origins_of_our_own_pages_are_known_as_browsers_send_them(
    values: dict[str, Any], origins: set[str]
) -> None:
    assert set(make(**values).allowed_origins) == origins


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", MailServer("mail.example", 587, uses_tls=False, must_start_tls=False)),
        (
            "smtp://mail.example:25?starttls=required",
            MailServer("mail.example", 25, uses_tls=False, must_start_tls=True),
        ),
        ("smtps://mail.example/", MailServer("mail.example", 465, uses_tls=True, must_start_tls=False)),
        (
            "smtp://me%40x.example:a%2Fb%3Ac@[::1]:2525",
            MailServer("::1", 2525, uses_tls=False, must_start_tls=False, user="me@x.example", password="a/b:c"),
        ),
    ],
)
def test_a_mail_server_is_named_by_its_address(url: str, expected: MailServer) -> None:
    assert make(smtp_url=url).mail_server == expected


@pytest.mark.parametrize(
    "url",
    [
        "mail.example:587",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:port",
        "smtp://mail.example:70000",
        "smtp://user@mail.example",
        "smtp://user:hunter22@mail.example/inbox",
        "smtp://mail.example?starttls=never",
        "smtp://mail.example?tls=required",
        "smtps://user:pa/hunter22@mail.example",
    ],
)
def test_an_address_that_names_no_mail_server_is_refused_and_not_printed(url: str) -> None:
    with pytest.raises(ValidationError, match="a mail server is smtp://") as refusal:
        make(smtp_url=url)
    assert "hunter22" not in str(refusal.value)


def test_without_a_mail_server_there_is_the_development_mailbox() -> None:
    assert make().mail_server is None


@pytest.mark.parametrize(
    ("values", "sender"),
    [
        ({}, "FunMagic <hello@funmagic.local>"),
        (PRODUCTION, "FunMagic <hello@magic.example>"),
        ({"mail_from": "Magic <hi@magic.example>"}, "Magic <hi@magic.example>"),
        ({"mail_from": "hi@magic.example"}, "hi@magic.example"),
    ],
)
def test_mails_come_from_an_address_of_the_site(values: dict[str, str], sender: str) -> None:
    assert make(**values).mail_from == sender


@pytest.mark.parametrize("sender", ["FunMagic", "a@b@c", "FunMagic <hi@magic.example", "x <a@b>\nBcc: c@d"])
def test_a_sender_that_is_no_address_is_refused(sender: str) -> None:
    with pytest.raises(ValidationError, match="a sender is an address"):
        make(mail_from=sender)


def test_a_local_secret_is_made_once_and_kept_for_the_owner_only(tmp_path: Path) -> None:
    key = make(data_dir=tmp_path).signing_key()
    assert len(key) >= 32
    assert make(data_dir=tmp_path).signing_key() == key
    (kept,) = (tmp_path / "secrets").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_a_configured_secret_wins_and_nothing_is_kept(tmp_path: Path) -> None:
    assert make(data_dir=tmp_path, secret_key="configured").signing_key() == b"configured"
    assert not (tmp_path / "secrets").exists()


def test_processes_that_start_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    start = Barrier(16)

    def first_use(_: int) -> bytes:
        start.wait()
        return make(data_dir=tmp_path).signing_key()

    with ThreadPoolExecutor(16) as threads:
        assert len(set(threads.map(first_use, range(16)))) == 1
    assert len(list((tmp_path / "secrets").iterdir())) == 1


def test_settings_come_from_the_environment_and_an_empty_one_means_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNMAGIC_PORT", "4321")
    monkeypatch.setenv("FUNMAGIC_PUBLIC_URL", "")
    assert make().public_url == "http://localhost:4321"


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    shown = repr(make(secret_key="hidden-key", super_admin_password="hidden-password"))
    assert "hidden" not in shown
