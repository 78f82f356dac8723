"""What a browser says went wrong in it may be anything: it is looked at in no time."""

import pytest
from reflex.state import FrontendEventExceptionState

import funmagic.tabs.browser_errors  # noqa: F401 - sets what it is looked at for
from funmagic.http.frames import LONGEST_FRAME
from tests.funmagic.core.telemetry.hostile import BUSY_S, CLASSES, busy_s, repeated

OLD_PAGE = [
    "TypeError: Cannot read properties of null (reading 'dispatch')",
    "TypeError: null is not an object (evaluating 'a.b')",
    'TypeError: can\'t access property "dispatch" of null',
    'TypeError: can\'t access property "dispatch", useContext(...) is null',
]


def is_of_an_old_page(text: str) -> bool:
    return any(pattern.search(text) for pattern in FrontendEventExceptionState.auto_reload_on_errors)


@pytest.mark.parametrize("text", OLD_PAGE)
def test_a_page_older_than_the_server_is_recognised(text: str) -> None:
    assert is_of_an_old_page(f"Uncaught\n{text}\n at x")


def test_another_error_is_not_one_of_an_old_page() -> None:
    assert not is_of_an_old_page('TypeError: can\'t access property "x", y is undefined\nz is null')


def test_no_error_takes_long_to_look_at() -> None:
    prefix = "TypeError: can't access property \""
    for unit in [*CLASSES, prefix, f'{prefix}a", ', f'{prefix}", b']:
        text = prefix + repeated(unit, LONGEST_FRAME)
        assert busy_s(lambda: is_of_an_old_page(text)) <= BUSY_S, unit  # noqa: B023 - called at once
