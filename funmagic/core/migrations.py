"""The database's schema, brought to any revision by Alembic, which only the commands that do so load."""

from pathlib import Path

from alembic import command
from alembic.config import Config

PROJECT = Path(__file__).parents[2]


def migrate(revision: str = "head") -> None:
    """Bring the database to a revision, from empty or from any earlier one."""
    command.upgrade(alembic_config(), revision)


def alembic_config() -> Config:
    """Alembic's configuration, read from pyproject.toml."""
    config = Config(toml_file=PROJECT / "pyproject.toml")
    config.set_main_option("script_location", str(PROJECT / "alembic"))
    return config
