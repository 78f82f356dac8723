"""The command line: `python -m funmagic …`."""

import importlib
from typing import Annotated

import typer
from pydantic import ValidationError

from funmagic.telemetry import configure_logging

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """FunMagic: run AI tools, pay with credits."""
    try:
        configure_logging()
    except ValidationError as error:
        for problem in error.errors():
            typer.echo(f"{'.'.join(map(str, problem['loc'])) or 'Settings'}: {problem['msg']}", err=True)
        raise typer.Exit(2) from None


@app.command()
def up(*, dev: bool = False) -> None:
    """Run the whole product under a supervisor; with --dev, with hot reload."""
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
    importlib.import_module("worker.main").run_worker(queues or [])


@app.command()
def clock() -> None:
    """Wake due tasks, recover orphaned ones, sweep."""
    importlib.import_module("worker.clock").run_clock()


@app.command()
def migrate() -> None:
    """Bring the database to the newest revision."""
    from funmagic.db import migrate as migrate_database

    migrate_database()


@app.command()
def seed() -> None:
    """Make the first rows: super admin, providers, catalogue."""
    from funmagic.seed import seed as seed_database

    made = seed_database()
    if made:
        typer.echo("Super admin: {} / {}".format(*made))


@app.command()
def fetch_models() -> None:
    """Bring the model weights named in models.lock."""
    from funmagic.settings import get_settings
    from funmagic.weights import fetch_models as fetch

    for path in fetch(get_settings().models_dir):
        typer.echo(path)


@app.command()
def audit_credits() -> None:
    """Prove that every balance is the sum of its ledger; exits 1 and lists what is not."""
    from funmagic.credits.service import audit_credits as audit
    from funmagic.db import reading

    with reading() as session:
        discrepancies = audit(session)
    for discrepancy in discrepancies:
        typer.echo(discrepancy)
    typer.echo(f"{len(discrepancies)} discrepancies")
    raise typer.Exit(1 if discrepancies else 0)
