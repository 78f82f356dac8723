"""Nobody else on this machine reads what the product keeps: its database, photos, mails, secrets and sockets."""

import os
from pathlib import Path

import structlog

log = structlog.get_logger()

OWNER_ONLY = 0o700
NOBODY_ELSE = 0o077


def keep_private(data_dir: Path) -> None:
    """Make the data directory if need be, and shut it and all files of this process from now on to everybody else."""
    os.umask(NOBODY_ELSE)
    try:
        make_private(data_dir)
    except OSError as error:
        # Somebody else's, or read-only: what is needed in there says so itself.
        log.warning("data_dir_not_private", path=str(data_dir), error=str(error))


def make_private(directory: Path) -> None:
    """Make a directory that only its owner enters, or shut one that is there; raises OSError."""
    directory.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY)
    if directory.stat().st_mode & NOBODY_ELSE:
        directory.chmod(OWNER_ONLY)
