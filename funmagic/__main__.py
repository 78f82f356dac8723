"""Makes `python -m funmagic` the command line."""

from funmagic.cli import app

app()
