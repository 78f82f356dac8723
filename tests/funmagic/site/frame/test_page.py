"""What people are told when a handler fails."""

import pytest
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from funmagic.core.errors import NotFound
from funmagic.site.frame.page import show_error

AWAY = [OperationalError("", {}, Exception()), InterfaceError("", {}, Exception()), PoolTimeout()]


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_a_database_that_is_away_is_said_in_words_and_waited_for(error):
    toast, wait = show_error(error)
    assert "Nothing is lost or charged twice" in str(toast.args)
    assert wait.handler.fn.__name__ == "load_when_possible"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(NotFound(), "We could not find that."), (ValueError("secret"), "Something went wrong on our side.")],
)
def test_other_errors_are_only_told(error, sentence):
    [toast] = show_error(error)
    assert sentence in str(toast.args)
    assert "secret" not in str(toast.args)
