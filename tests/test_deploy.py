"""The image and the composition, as far as they can be checked without a container engine."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from funmagic.cli import app
from funmagic.core.settings import Settings
from tests.servers import PROJECT

DOCKERFILE = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "funmagic"}
ENV_FILE = {
    "SITE_ADDRESS": "https://magic.example",
    "FILES_ADDRESS": "https://files.magic.example",
    "POSTGRES_PASSWORD": "postgrespassword",
    "FUNMAGIC_S3_ACCESS_KEY": "app",
    "FUNMAGIC_S3_SECRET_KEY": "storesecret",
    "FUNMAGIC_SECRET_KEY": "signing-key",
    "FUNMAGIC_ENCRYPTION_KEYS": "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=",
    "FUNMAGIC_METRICS_TOKEN": "metrics-token",
    "FUNMAGIC_SMTP_URL": "smtps://magic:mail-password@mail.example",
    "FUNMAGIC_MAIL_FROM": "FunMagic <hello@magic.example>",
    "FUNMAGIC_SUPER_ADMIN_EMAIL": "admin@magic.example",
    "FUNMAGIC_SUPER_ADMIN_PASSWORD": "admin-password",
}
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
SETTINGS = {f"FUNMAGIC_{name.upper()}" for name in Settings.model_fields}


def filled_in(text: str) -> str:
    """The text with its variables replaced, as compose does with our .env."""
    return VARIABLE.sub(lambda match: ENV_FILE.get(match[1]) or (match[3] if match[2] == "-" else ""), text)


def commands_of(service: dict[str, Any]) -> list[list[str]]:
    """The `python -m funmagic …` commands that a service runs, without the part that they share."""
    words = service["command"]
    lines = words[2].split(" && ") if words[:2] == ["sh", "-c"] else [shlex.join(words)]
    split = [shlex.split(line) for line in lines]
    assert all(command[:3] == ["python", "-m", "funmagic"] for command in split), split
    return [command[3:] for command in split]


COMMANDS = [command for service in OURS.values() for command in commands_of(service)]


def test_the_processes_of_production_are_all_there() -> None:
    assert {command[0] for command in COMMANDS} == {"web", "worker", "clock", "migrate", "seed", "setup-storage"}
    assert SERVICES["clock"]["deploy"]["replicas"] >= 2


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_exists_and_takes_its_arguments(command: list[str]) -> None:
    assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0


def test_the_image_runs_the_site_by_itself() -> None:
    [command] = re.findall(r"^CMD (.+)", DOCKERFILE, re.MULTILINE)
    assert json.loads(command) == ["python", "-m", "funmagic", "web"]


@pytest.mark.parametrize("name", list(OURS))
def test_what_compose_gives_satisfies_production(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in OURS[name]["environment"].items():
        monkeypatch.setenv(variable, filled_in(value))
    settings = Settings()
    assert (settings.env, settings.public_url) == ("production", "https://magic.example")
    assert settings.uses_s3
    assert settings.s3_public_endpoint == "https://files.magic.example"
    assert settings.trusted_proxy_hops == 1
    assert settings.mail_server is not None
    assert settings.mail_from == "FunMagic <hello@magic.example>"


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", ".env.example"])
def test_every_variable_that_is_named_is_a_setting(name: str) -> None:
    assert set(re.findall(r"FUNMAGIC_[A-Z0-9_]+", (PROJECT / name).read_text())) <= SETTINGS


def test_every_setting_is_explained_in_the_example() -> None:
    assert set(re.findall(r"^(FUNMAGIC_\w+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)) == SETTINGS


def test_secrets_come_from_outside_and_are_insisted_on() -> None:
    given = {name: value for service in OURS.values() for name, value in service["environment"].items()}
    for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "METRICS_TOKEN", "SMTP_URL", "S3_SECRET_KEY", "SUPER_ADMIN_PASSWORD"):
        assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", given[f"FUNMAGIC_{name}"]), name
    assert "${POSTGRES_PASSWORD:?" in given["FUNMAGIC_DATABASE_URL"]


def test_everything_that_the_image_copies_exists_and_is_let_through() -> None:
    let_through = re.findall(r"^!(\S+)", (PROJECT / ".dockerignore").read_text(), re.MULTILINE)
    for line in re.findall(r"^COPY (.+)", DOCKERFILE, re.MULTILINE):
        *sources, _target = [word for word in line.split() if not word.startswith("--")]
        for source in sources if "--from=" not in line else ():
            assert (PROJECT / source).exists(), source
            assert source in let_through, source


def test_the_image_holds_every_room_and_what_they_read() -> None:
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2]
    for needed in ("funmagic", "worker", "admin", "alembic", "assets", "pyproject.toml", "rxconfig.py", "build/client"):
        assert re.search(rf"^COPY .*{re.escape(needed)}", last_stage, re.MULTILINE), needed


def test_the_image_runs_as_nobody_special_and_names_no_registry() -> None:
    assert re.findall(r"^USER (\w+)", DOCKERFILE, re.MULTILINE) == ["funmagic"]
    assert "HEALTHCHECK" in DOCKERFILE
    addresses = re.findall(r"https?://[\w.:-]+", DOCKERFILE + (PROJECT / "compose.yaml").read_text())
    assert set(addresses) <= {"http://127.0.0.1:3000", "http://127.0.0.1:8333", "http://store:8333"}


def test_every_image_has_a_version() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert [image for image in images if not re.search(r":\d", image)] == []


@pytest.mark.parametrize("name", list(SERVICES))
def test_every_service_starts_again_has_time_to_stop_and_says_how_it_is(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == ("on-failure" if name == "prepare" else "unless-stopped")
    if name in ("web", "database", "redis", "store"):
        assert "test" in service["healthcheck"]
    if name in ("web", "worker", "clock", "database", "proxy"):
        assert re.fullmatch(r"\d+s", service["stop_grace_period"])


def test_what_must_last_lies_in_volumes_that_are_declared() -> None:
    mounted = {
        volume.split(":")[0]: name for name, service in SERVICES.items() for volume in service.get("volumes", ())
    }
    assert set(COMPOSE["volumes"]) == {source for source in mounted if not source.startswith(".")}
    assert {mounted[volume] for volume in ("database", "redis", "files")} == {"database", "redis", "store"}
    assert all((PROJECT / source).is_file() for source in mounted if source.startswith("."))


def test_the_proxy_knows_the_services_by_their_names_and_ports() -> None:
    caddyfile = (PROJECT / "deploy" / "Caddyfile").read_text()
    assert re.findall(r"^\t+name (\w+)\n\t+port (\d+)", caddyfile, re.MULTILINE) == [("web", str(3000))]
    assert Settings.model_fields["port"].default == 3000
    assert "reverse_proxy store:8333" in caddyfile
    assert set(re.findall(r"\{\$(\w+)\}", caddyfile)) == set(SERVICES["proxy"]["environment"])


def test_migrating_and_seeding_run_where_only_the_image_s_files_are(tmp_path: Path) -> None:
    for name in ("funmagic", "worker", "alembic", "pyproject.toml", "models.lock"):
        (tmp_path / name).symlink_to(PROJECT / name)
    environment = {"FUNMAGIC_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    for command in ("migrate", "seed", "audit-credits"):
        run = [sys.executable, "-m", "funmagic", command]
        done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_proxy_leaves_the_headers_of_the_site_alone_and_has_files_run_nothing() -> None:
    site, files = (PROJECT / "deploy" / "Caddyfile").read_text().split("{$FILES_ADDRESS}")
    assert not re.search(r"^\s*(header|encode)\b", site, re.MULTILINE)
    assert "X-Content-Type-Options nosniff" in files
    assert "default-src 'none'; frame-ancestors 'none'; sandbox" in files
