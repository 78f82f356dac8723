"""The only reader of the environment: every setting, its embedded default, and what production insists on."""

import base64
import hashlib
import os
import re
import secrets
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from funmagic.core.emails import EmailRefused, read_email
from funmagic.core.mail_server import MailServer

DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK_NAMES = ("localhost", "127.0.0.1")
LONGEST_SOCKET_PATH = 103
KEY_BYTES = 32
SENDER = re.compile(r"[^<>@\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+")


class Settings(BaseSettings):
    """The settings of one process, read from FUNMAGIC_* variables and `.env`; absent means the embedded default."""

    model_config = SettingsConfigDict(
        env_prefix="FUNMAGIC_", env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    env: Literal["local", "production"] = "local"
    host: str = ""
    port: int = 3000
    public_url: str = ""
    data_dir: Path = Path(".data")
    database_url: str = ""
    redis_url: str = ""
    s3_endpoint: str = ""
    s3_public_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")
    s3_bucket_private: str = "funmagic-private"
    s3_bucket_public: str = "funmagic-public"
    s3_bucket_admin: str = "funmagic-admin"
    s3_addressing_style: Literal["path", "virtual"] = "path"
    secret_key: SecretStr = SecretStr("")
    encryption_keys: SecretStr = SecretStr("")
    metrics_token: SecretStr = SecretStr("")
    otlp_endpoint: str = ""
    allowed_private_hosts: str = ""
    smtp_url: SecretStr = SecretStr("")
    mail_from: str = ""
    require_email_verification: bool | None = None
    google_client_id: str = ""
    google_client_secret: SecretStr = SecretStr("")
    google_issuer: str = "https://accounts.google.com"
    apple_client_id: str = ""
    apple_team_id: str = ""
    apple_key_id: str = ""
    apple_private_key: SecretStr = SecretStr("")
    apple_issuer: str = "https://appleid.apple.com"
    facebook_client_id: str = ""
    facebook_client_secret: SecretStr = SecretStr("")
    facebook_authorize_url: str = "https://www.facebook.com/v25.0/dialog/oauth"
    facebook_api_base: str = "https://graph.facebook.com/v25.0/"
    stripe_secret_key: SecretStr = SecretStr("")
    stripe_webhook_secrets: SecretStr = SecretStr("")
    stripe_api_base: str = "https://api.stripe.com"
    super_admin_email: str = "admin@funmagic.local"
    super_admin_password: SecretStr = SecretStr("")
    workers: int = 2
    stream_workers: int = 2
    max_running_tasks: int = 5
    unused_upload_bytes: int = 200 * 1024 * 1024
    welcome_credits: int = 100
    trusted_proxy_hops: int = 0
    visitor_tab_seconds: int = 300
    user_tab_seconds: int = 1800
    closed_tabs: int = 1000
    sockets_per_address: int = 1500
    sockets_per_user: int = 100
    streams_per_address: int = 2500
    streams_per_user: int = 200
    requests_per_address: int = 500
    requests_per_user: int = 100
    saliency_model: str = "u2netp"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["", "console", "json"] = ""

    @field_validator("data_dir")
    @classmethod
    def _make_absolute(cls, value: Path) -> Path:
        return value.resolve()

    @field_validator("s3_endpoint", "s3_public_endpoint", "stripe_api_base")
    @classmethod
    def _check_endpoint(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("an endpoint begins with http:// or https://")
        return value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp_url(cls, value: SecretStr) -> SecretStr:
        if url := value.get_secret_value():
            MailServer.of(url)
        return value

    @field_validator("mail_from")
    @classmethod
    def _check_sender(cls, value: str) -> str:
        if value and not SENDER.fullmatch(value):
            raise ValueError("a sender is an address, or: Name <address>")
        return value

    @field_validator("super_admin_email")
    @classmethod
    def _check_super_admin_email(cls, value: str) -> str:
        try:
            return read_email(value)
        except EmailRefused as error:
            raise ValueError(error.message) from None

    @field_validator("encryption_keys")
    @classmethod
    def _check_encryption_keys(cls, value: SecretStr) -> SecretStr:
        _read_keys(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _fill_defaults(self) -> Self:
        if self.env == "production":
            self._insist_on_production_settings()
        self.host = self.host or ("127.0.0.1" if self.env == "local" else "0.0.0.0")  # noqa: S104 - a container's own network
        self.public_url = (self.public_url or f"http://localhost:{self.port}").rstrip("/")
        sender_host = "funmagic.local" if self.env == "local" else urlsplit(self.public_url).hostname
        self.mail_from = self.mail_from or f"FunMagic <hello@{sender_host}>"
        self.log_format = self.log_format or ("console" if self.env == "local" else "json")
        self.s3_public_endpoint = self.s3_public_endpoint or self.s3_endpoint
        self.database_url = self.database_url or f"sqlite:///{self.data_dir / 'funmagic.db'}"
        return self

    def _insist_on_production_settings(self) -> None:
        wanted = {
            "FUNMAGIC_SECRET_KEY": bool(self.secret_key.get_secret_value()),
            "FUNMAGIC_PUBLIC_URL (https)": self.public_url.startswith("https://"),
            "FUNMAGIC_DATABASE_URL (PostgreSQL)": self.database_url.startswith("postgresql"),
            "FUNMAGIC_REDIS_URL": bool(self.redis_url),
            "FUNMAGIC_S3_ACCESS_KEY and FUNMAGIC_S3_SECRET_KEY": self.uses_s3,
            "FUNMAGIC_ENCRYPTION_KEYS": bool(self.encryption_keys.get_secret_value()),
            "FUNMAGIC_SMTP_URL": bool(self.smtp_url.get_secret_value()),
            "FUNMAGIC_METRICS_TOKEN": bool(self.metrics_token.get_secret_value()),
        }
        missing = [name for name, present in wanted.items() if not present]
        if missing:
            raise ValueError("FUNMAGIC_ENV=production needs " + ", ".join(missing))

    @property
    def is_local(self) -> bool:
        """Whether this is a development machine: loopback only, secrets made on first start."""
        return self.env == "local"

    @property
    def verifies_emails(self) -> bool:
        """Whether nobody runs a tool before their email is proved; production's default, not the local one."""
        return self.env == "production" if self.require_email_verification is None else self.require_email_verification

    @property
    def uses_s3(self) -> bool:
        """Whether files live in an S3 store; else in the data directory."""
        return bool(self.s3_access_key and self.s3_secret_key.get_secret_value())

    @property
    def mail_server(self) -> MailServer | None:
        """Where mail is handed in; None means the development mailbox."""
        url = self.smtp_url.get_secret_value()
        return MailServer.of(url) if url else None

    @property
    def takes_payments(self) -> bool:
        """Whether the shop is open: without a key of Stripe, credits cannot be bought."""
        return bool(self.stripe_secret_key.get_secret_value())

    @property
    def stripe_signing_secrets(self) -> tuple[str, ...]:
        """The secrets that Stripe may have signed an event with; two while one is replaced by the other."""
        listed = self.stripe_webhook_secrets.get_secret_value().split(",")
        return tuple(secret.strip() for secret in listed if secret.strip())

    @property
    def private_hosts(self) -> frozenset[str]:
        """Hosts, or host:port, of our own network or on unusual ports that provider addresses may point at."""
        return frozenset(host.strip() for host in self.allowed_private_hosts.split(",") if host.strip())

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the product over https, so that cookies must be Secure."""
        return self.public_url.startswith("https://")

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The Origin values that unsafe requests and the websocket may carry; locally both loopback names."""
        address = urlsplit(self.public_url)
        is_loopback = self.is_local and address.hostname in LOOPBACK_NAMES
        # Browsers leave the default port out, and write the host in small letters.
        port = "" if address.port in (None, DEFAULT_PORTS.get(address.scheme)) else f":{address.port}"
        names = LOOPBACK_NAMES if is_loopback else (address.hostname,)
        return tuple(f"{address.scheme}://{name}{port}" for name in names)

    @property
    def bytecode_dir(self) -> Path:
        """Where the processes that `up` starts keep what Python compiles."""
        return self.data_dir / "bytecode"

    @property
    def models_dir(self) -> Path:
        """Where the model weights named in `models.lock` are kept."""
        return self.data_dir / "models"

    @property
    def storage_dir(self) -> Path:
        """Where LocalStorage keeps its buckets."""
        return self.data_dir / "storage"

    @property
    def redis_address(self) -> str:
        """The Redis URL in use: the configured one, or the embedded server's unix socket."""
        return self.redis_url or f"unix://{self.redis_socket}"

    @property
    def redis_socket(self) -> Path:
        """The embedded Redis server's unix socket; in the temporary directory when its path would be too long."""
        path = self.data_dir / "redis" / "redis.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"funmagic-{os.getuid()}-{digest}" / "redis.sock"

    def signing_key(self) -> bytes:
        """The key of file addresses, OAuth flows and names of the welcomed; made and kept when not configured."""
        return (self.secret_key.get_secret_value() or self.kept_secret("secret_key")).encode()

    def encryption_key_list(self) -> list[bytes]:
        """The keys of credentials and unsent mails: the first encrypts, all decrypt; one is kept when none is set."""
        return _read_keys(self.encryption_keys.get_secret_value() or self.kept_secret("encryption_key"))

    def kept_secret(self, name: str) -> str:
        """A random secret made on first use and kept, owner-readable only, in the data directory."""
        path = self.data_dir / "secrets" / name
        try:
            return path.read_text()
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = path.with_name(f"{name}.{secrets.token_hex(4)}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(32))
            try:
                path.hardlink_to(draft)  # atomic: of two processes starting at once, one makes the secret
            except FileExistsError:
                pass
            finally:
                draft.unlink()
            return path.read_text()


def _read_keys(listed: str) -> list[bytes]:
    """The keys in a comma-separated list of base64 texts, of either alphabet, padded or not."""
    names = [name.strip().rstrip("=") for name in listed.split(",") if name.strip()]
    try:
        keys = [base64.b64decode(f"{name}=".replace("-", "+").replace("_", "/"), validate=True) for name in names]
    except ValueError:
        keys = [b""]
    if any(len(key) != KEY_BYTES for key in keys):
        raise ValueError("each of FUNMAGIC_ENCRYPTION_KEYS must be base64 of 32 bytes")
    return keys


@lru_cache
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
