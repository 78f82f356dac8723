"""The command line: `python -m funmagic …`."""

import gc
import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from funmagic.core.settings import get_settings
from funmagic.core.telemetry.logs import configure_logging
from funmagic.supervisor.bytecode import keep_bytecode
from funmagic.supervisor.private_files import keep_private

if TYPE_CHECKING:
    from funmagic.providers.service import ProviderView


class AdminRole(StrEnum):
    """The roles that the command line gives."""

    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main(context: typer.Context) -> None:
    """FunMagic: run AI tools, pay with credits."""
    try:
        configure_logging(context.invoked_subcommand or "cli")
        keep_private(get_settings().data_dir)
    except ValidationError as error:
        for problem in error.errors():
            typer.echo(f"{'.'.join(map(str, problem['loc'])) or 'Settings'}: {problem['msg']}", err=True)
        raise typer.Exit(2) from None


@app.command()
def up(*, dev: bool = False) -> None:
    """Run the whole product under a supervisor; with --dev, with hot reload."""
    keep_bytecode(get_settings().bytecode_dir)
    from funmagic.supervisor.up import run_everything

    raise typer.Exit(run_everything(dev=dev))


@app.command()
def web() -> None:
    """Serve pages, websocket and API on one port."""
    from funmagic.web import serve

    serve()


@app.command()
def worker(
    queues: Annotated[list[str] | None, typer.Argument(help="Queues, in the order to look at them.")] = None,
) -> None:
    """Work on queued jobs."""
    _load("worker.main").run_worker(queues or [])


@app.command()
def clock() -> None:
    """Wake due tasks, recover orphaned ones, sweep."""
    _load("worker.clock").run_clock()


@app.command()
def migrate() -> None:
    """Bring the database to the newest revision."""
    from funmagic.core.migrations import migrate as migrate_database

    migrate_database()


@app.command()
def seed() -> None:
    """Make the first rows: super admin, providers, catalogue."""
    from funmagic.seed import seed as seed_database

    made = seed_database()
    if made:
        typer.echo("Super admin: {} / {}".format(*made))


@app.command()
def create_admin(
    email: str,
    *,
    role: Annotated[AdminRole, typer.Option()] = AdminRole.SUPER_ADMIN,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
) -> None:
    """Make somebody an admin, and a user first when they are none; whoever has signed in before keeps their password.

    Without a password one is made for who is new, and shown once. Exits 1 and says why when something is wrong.
    """
    from funmagic.accounts.create_admin import create_admin as create

    with _sentences():
        made = create(email, role=role, password=sys.stdin.readline().rstrip("\r\n") if password_stdin else None)
    typer.echo(f"{made.email} is {made.role} now.")
    if made.password:
        typer.echo(f"Password: {made.password} (shown only now)")


@app.command()
def setup_storage() -> None:
    """Make the S3 store's buckets, and let browsers of this product use them; exits 1 when something is not right."""
    from funmagic.core.storage.setup import setup_buckets

    lines, is_ready = setup_buckets(get_settings())
    for line in lines:
        typer.echo(line)
    raise typer.Exit(0 if is_ready else 1)


@app.command()
def fetch_models() -> None:
    """Bring the model weights named in models.lock."""
    from funmagic.core.weights import fetch_models as fetch

    for path in fetch(get_settings().models_dir):
        typer.echo(path)


@app.command()
def set_provider(
    name: str,
    *,
    scope: str = "web",
    kind: Annotated[str | None, typer.Option("--type", help="local, fal …; not needed when NAME says it.")] = None,
    api_key_stdin: Annotated[bool, typer.Option("--api-key-stdin", help="Read the API key from stdin.")] = False,
    credentials_stdin: Annotated[
        bool, typer.Option("--credentials-stdin", help="Read what it wants besides a key from stdin, as a JSON object.")
    ] = False,
    base_url: Annotated[str | None, typer.Option(help="Empty means the type's own.")] = None,
    config: Annotated[str | None, typer.Option(help="JSON; replaces the one before it.")] = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive")] = None,
) -> None:
    """Make a provider or change one; what is not given stays. Exits 1 and says why when something does not fit."""
    from funmagic.core.db import transaction
    from funmagic.core.errors import SettingRefused
    from funmagic.core.outbound import resolve_address
    from funmagic.providers.service import set_provider

    with _sentences():
        if api_key_stdin and credentials_stdin:
            raise SettingRefused(problem="Only one of the two can be read from stdin: call this once for each.")
        api_key = sys.stdin.read() if api_key_stdin else None
        credentials = _parse_object(sys.stdin.read(), "credentials") if credentials_stdin else None
        settings = _parse_object(config) if config is not None else None
        if base_url:
            resolve_address(base_url)  # before the transaction: name servers may take their time
        with transaction() as session:
            made = set_provider(
                session,
                name,
                scope=scope,
                kind=kind,
                api_key=api_key,
                credentials=credentials,
                base_url=base_url,
                config=settings,
                is_active=active,
            )
    typer.echo(_describe_provider(made, api_key))


@app.command()
def set_tool(
    slug: str,
    *,
    step: Annotated[str, typer.Option()],
    provider: Annotated[str | None, typer.Option()] = None,
    model: Annotated[str | None, typer.Option()] = None,
    cost: Annotated[int | None, typer.Option(help="In credits.")] = None,
    options: Annotated[str | None, typer.Option(help="A JSON object; replaces the options before.")] = None,
    timeout: Annotated[int | None, typer.Option(help="Seconds that the provider may take.")] = None,
) -> None:
    """Set who runs a tool's step, with which model and options, for how many credits; what is not given stays."""
    from funmagic.catalogue.configure import configure_step
    from funmagic.core.db import transaction

    with _sentences(), transaction() as session:
        planned = configure_step(
            session,
            slug,
            step,
            provider=provider,
            model=model,
            cost=cost,
            options=None if options is None else _parse_object(options),
            timeout_s=timeout,
        )
    model_name = planned.model or "its usual model"
    typer.echo(f"{slug} {step}: {planned.provider} with {model_name}, {planned.credits} credits")


@app.command()
def audit_credits() -> None:
    """Prove the books: every balance, hold, charge and purchase; exits 1 and lists what is not right."""
    from funmagic.core.db import snapshot
    from funmagic.credits.audit import audit_credits as audit

    with snapshot() as session:
        discrepancies = audit(session)
    for discrepancy in discrepancies:
        typer.echo(discrepancy)
    typer.echo("1 discrepancy" if len(discrepancies) == 1 else f"{len(discrepancies)} discrepancies")
    raise typer.Exit(1 if discrepancies else 0)


@app.command()
def grant_credits(
    email: str,
    amount: int,
    *,
    reason: Annotated[str, typer.Option(help="Why; they read it in their history.")],
    key: Annotated[
        str | None, typer.Option("--idempotency-key", help="The same key gives once, however often it is asked.")
    ] = None,
) -> None:
    """Give somebody credits, as a bonus. Exits 1 and says why when something does not fit."""
    from funmagic.core.db import transaction
    from funmagic.credits.corrections import find_recipient
    from funmagic.credits.corrections import grant_credits as grant
    from funmagic.models.base import new_id

    with _sentences(), transaction() as session:
        made = grant(session, None, find_recipient(session, email=email), amount, reason=reason, key=key or new_id())
    typer.echo(f"{email} was given {made.amount} credits and has {made.balance_after} now.")


def _load(module: str) -> Any:
    gc.disable()  # nothing of what is loaded is garbage, and to look for it takes a quarter of the time
    try:
        return importlib.import_module(module)
    finally:
        gc.enable()


@contextmanager
def _sentences() -> Iterator[None]:
    """Print what does not fit in one sentence, and exit with 1."""
    from funmagic.core.errors import FunMagicError
    from funmagic.core.outbound import AddressRefused

    try:
        yield
    except FunMagicError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from None
    except AddressRefused as error:
        typer.echo(f"This address cannot be used: {error}", err=True)
        raise typer.Exit(1) from None


def _describe_provider(made: "ProviderView", api_key: str | None) -> str:
    from funmagic.providers.service import ending_of

    key = f"…{ending_of(api_key)}" if api_key else ("set" if made.has_api_key else "none")
    state = "active" if made.is_active else "inactive"
    return f"{made.name} ({made.scope}, {made.type}): {state}, at {made.base_url or 'its own address'}, key {key}"


def _parse_object(text: str, name: str = "configuration") -> dict[str, Any]:
    from funmagic.core.errors import SettingRefused

    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SettingRefused(problem=f"The {name} must be a JSON object.")
    return value
