"""What people read of the wait."""

import pytest

from funmagic.site.runner.wait_words import describe_wait
from funmagic.tasks.waits import Wait


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (Wait(0, None), ""),
        (Wait(1, None), "1 run before yours"),
        (Wait(3, 21), "3 runs before yours · usually about 20 seconds"),
        (Wait(0, 3), "Usually a few seconds"),
        (Wait(0, 9), "Usually about 10 seconds"),
        (Wait(0, 55), "Usually about a minute"),
        (Wait(0, 200), "Usually about 3 minutes"),
    ],
)
def test_a_wait_is_said_in_round_numbers(wait, words):
    assert describe_wait(wait) == words
