"""Where the bundler finds our React pieces."""

from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
# What is below `assets/external/` is not ours to keep: version control and Reflex's own clean-up know it.
LINKS = Path("assets/external/wrapped")


def wrapped_source(name: str, *imported: str) -> str:
    """What a component's `library` is for a file of this folder; `imported` are the files that it imports.

    Reflex's `rx.asset(shared=True)` does the same, but looks for its caller in the interpreter's whole stack: for our
    files that takes longer than everything else a web process does until it serves.
    """
    for file in (name, *imported):
        _link(file)
    return f"$/public/external/wrapped/{name}"


def _link(name: str) -> None:
    link = LINKS / name
    if link.is_symlink() and link.resolve() == HERE / name:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    with suppress(FileExistsError):  # another process makes the same link
        link.symlink_to(HERE / name)
