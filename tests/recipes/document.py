"""Reads what documents tell people to do, and does it: files and changes in a copy of the tree, commands."""

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOMS = ("funmagic", "admin", "worker", "alembic", "assets", "tests")
FILES = ("pyproject.toml", "rxconfig.py", "models.lock")
HEADING = "## "
# A paragraph, or an item of a list, that begins with a file's name is about that file.
NAMED_FILE = re.compile(r"\s*(?:\d+\. )?`([\w./-]+\.\w+)`:")
FENCE = re.compile(r"( *)```(\w*)")
NEXT_HUNK = "@@"
COMMAND = "python -m funmagic "


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file named before it, and its lines."""

    language: str
    file: str
    lines: list[str]


def read_recipe(document: str, title: str) -> list[Block]:
    """The blocks below a heading, in their order."""
    _, _, below = document.partition(f"\n{HEADING}{title}\n")
    return read_blocks(below.partition(f"\n{HEADING}")[0])


def read_blocks(text: str) -> list[Block]:
    """All fenced blocks, in their order."""
    lines = iter(text.splitlines())
    blocks, file = [], ""
    for line in lines:
        if named := NAMED_FILE.match(line):
            file = named[1]
        if fence := FENCE.fullmatch(line):
            indent = len(fence[1])
            blocks.append(Block(fence[2], file, [inner[indent:] for inner in _until_closed(lines)]))
    return blocks


def copy_tree(project: Path, target: Path) -> None:
    """The code and what it needs to run, without data or builds."""
    for room in ROOMS:
        # Reflex makes assets/external, of links to the tree that it is run in. What Python has compiled comes along: it
        # stays good for files that are not changed.
        shutil.copytree(project / room, target / room, ignore=shutil.ignore_patterns("external"))
    for file in FILES:
        shutil.copy(project / file, target)


def follow(blocks: list[Block], tree: Path) -> list[str]:
    """Write the new files and make the changes; the files that were touched."""
    for block in blocks:
        if block.language == "python":
            _write(tree / block.file, "\n".join(block.lines) + "\n")
        elif block.language == "diff":
            _change(tree / block.file, block.lines)
    return sorted({block.file for block in blocks if block.language != "sh"})


def commands(blocks: list[Block]) -> Iterator[list[str]]:
    """What follows `funmagic` in each of its command lines; where stdin comes from is left out."""
    lines = (line for block in blocks if block.language == "sh" for line in block.lines)
    for line in lines:
        _, is_ours, words = line.partition(COMMAND)
        if is_ours:
            yield shlex.split(words.partition(" < ")[0])


def _until_closed(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.strip() == "```":
            return
        yield line


def _write(path: Path, text: str) -> None:
    assert not path.exists(), f"{path} is not new"
    path.parent.mkdir(exist_ok=True)
    (path.parent / "__init__.py").touch()
    path.write_text(text)


def _change(path: Path, lines: list[str]) -> None:
    for hunk in "\n".join(lines).split(f"\n{NEXT_HUNK}\n"):
        before = [line[1:] for line in hunk.splitlines() if line[:1] != "+"]
        after = [line[1:] for line in hunk.splitlines() if line[:1] != "-"]
        text = path.read_text()
        wanted = "\n".join(["", *before, ""])
        assert text.count(wanted) == 1, f"{path} does not have exactly one place for this:\n{hunk}"
        path.write_text(text.replace(wanted, "\n".join(["", *after, ""])))
