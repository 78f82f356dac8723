"""Texts are marked so that they can be extracted: as they are, and not as what a program makes of them."""

import ast
import re
from collections.abc import Iterator
from string import Formatter

import pytest

from tests.test_architecture import MODULES, name_of, tree_of

# How many texts each takes, the others being values.
MARKS = {"_": 1, "N_": 1, "n_": 2, "NN_": 2, "counted": 2}
TRANSLATING = {"_", "n_"}
# Their texts have a value of that name without being given it by it.
WITH_NUMBER = {"n_", "counted"}
MARKING = {"N_", "NN_"}
# A placeholder, perhaps a word more, and then a word that would be another one after the number 1.
COUNTED = re.compile(r"\{(\w+)\}(?: \w+)? (?:\w+s|are|were|have|do|people)\b")
# Placeholders that stand for no number.
NAMES = {"amount", "email", "name", "new_email", "problem", "provider", "tool", "type", "what"}


def test_what_is_marked_is_a_text() -> None:
    """`_()` and `n_()` also take what was marked elsewhere, by its name; a mark around a name would be empty."""
    wrong = [
        place
        for place, call, mark in _marks()
        if not all(_is_text(text) or (mark in TRANSLATING and _is_name(text)) for text in call.args[: MARKS[mark]])
    ]
    assert wrong == []


def test_no_mark_is_in_an_f_string() -> None:
    """It would not be found there, and glues a translation to something."""
    inside = [
        f"{name_of(path)}:{call.lineno}"
        for path in MODULES
        for text in ast.walk(tree_of(path))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if _is_mark(call)
    ]
    assert inside == []


def test_every_placeholder_of_a_text_has_its_value() -> None:
    wrong = [
        place
        for place, call, mark in _marks()
        if _has_values(call, mark)
        for text in call.args[: MARKS[mark]]
        if isinstance(text, ast.Constant) and not _placeholders(text.value) <= _values(call, mark)
    ]
    assert wrong == []


def test_what_is_counted_has_a_text_for_one_and_one_for_more() -> None:
    """Where English has two forms, others have up to six: `n_()`, `NN_()` and `counted()` find the one that fits."""
    wrong = [
        f"{place} {call.args[0].value}"
        for place, call, mark in _marks()
        if MARKS[mark] == 1 and isinstance(call.args[0], ast.Constant)
        if {found[1] for found in COUNTED.finditer(call.args[0].value)} - NAMES
    ]
    assert wrong == []


@pytest.mark.parametrize("text", ["{n} runs before", "for {n} free credits.", "{n} are missing", "{n} is it"])
def test_a_number_before_its_word_is_found(text: str) -> None:
    assert COUNTED.search(text)


@pytest.mark.parametrize("text", ["up to {limit} MB", "Step {n} of {count}", "{credits} charged", "costs {price}."])
def test_a_number_that_changes_no_word_is_left_alone(text: str) -> None:
    assert not COUNTED.search(text)


def test_nothing_is_translated_before_anybodys_language_is_known() -> None:
    """What a module, a class or a default says is said once, at the start: `N_()` marks a text there."""
    early = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for node in _done_on_import(tree_of(path))
        if _is_mark(node) and node.func.id not in MARKING
    ]
    assert early == []


def _done_on_import(node: ast.AST) -> Iterator[ast.AST]:
    """The node with all that is in it, but for the bodies of functions."""
    yield node
    parts = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        parts = [node.args, *node.decorator_list]
    if isinstance(node, ast.Lambda):
        parts = [node.args]
    for part in parts:
        yield from _done_on_import(part)


def _has_values(call: ast.Call, mark: str) -> bool:
    """Without any, the browser fills them in; what `**` brings is known only when it runs."""
    has_some = mark in WITH_NUMBER or bool(call.keywords)
    return has_some and mark not in MARKING and all(keyword.arg for keyword in call.keywords)


def _marks() -> Iterator[tuple[str, ast.Call, str]]:
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if _is_mark(node):
                yield f"{name_of(path)}:{node.lineno}", node, node.func.id


def _is_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value)


def _is_name(node: ast.expr) -> bool:
    """A variable, an attribute, or an entry of a table."""
    return isinstance(node, ast.Name | ast.Attribute) or (
        isinstance(node, ast.Subscript) and _is_name(node.value) and not isinstance(node.slice, ast.Slice)
    )


def _placeholders(text: str) -> set[str]:
    return {name for _text, name, _form, _conversion in Formatter().parse(text) if name is not None}


def _values(call: ast.Call, mark: str) -> set[str]:
    given = {keyword.arg for keyword in call.keywords if keyword.arg}
    return given | {"number"} if mark in WITH_NUMBER else given
