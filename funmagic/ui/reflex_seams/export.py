"""Compiling and bundling the pages, as Reflex's command line does. Read in Reflex 0.10.1."""

from reflex.reflex import cli
from reflex_base.environment import environment


def export_pages(registry: str) -> None:
    """Build the front end with packages from this registry, and leave the process as a command does.

    Unless one is named, Reflex measures which of several registries answers fastest.
    """
    environment.NPM_CONFIG_REGISTRY.set(registry)
    cli(["export", "--frontend-only", "--no-zip"])
