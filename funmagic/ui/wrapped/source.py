"""Where the bundler finds our React pieces."""

from contextlib import suppress
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
# What is below `assets/external/` is not ours to keep: version control and Reflex's own clean-up know it.
LINKS = Path("assets/external/wrapped")


def wrapped_source(name: str) -> str:
    """What a component's `library` is for a file below this folder, which may import any other one of them.

    Reflex's `rx.asset(shared=True)` does the same, but looks for its caller in the interpreter's whole stack: for our
    files that takes longer than everything else a web process does until it serves.
    """
    _link_all()
    return f"$/public/external/wrapped/{name}"


@cache
def _link_all() -> None:
    for file in HERE.rglob("*.js*"):
        _link(LINKS / file.relative_to(HERE), file)


def _link(link: Path, file: Path) -> None:
    if link.is_symlink() and link.resolve() == file:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    with suppress(FileExistsError):  # another process makes the same link
        link.symlink_to(file)
