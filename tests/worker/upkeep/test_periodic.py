"""Periodic work keeps nobody waiting, and never runs twice at once."""

import threading

from tests.factories import wait_until
from worker.upkeep.periodic import Periodic


class Work:
    """Counts its turns; each lasts until it is let go."""

    def __init__(self):
        self.turns = 0
        self.may_end = threading.Event()
        self.has_begun = threading.Event()

    def __call__(self):
        self.turns += 1
        self.has_begun.set()
        self.may_end.wait(20)


def is_idle(name):
    return name not in {thread.name for thread in threading.enumerate()}


def test_it_waits_for_its_time():
    work = Work()
    periodic = Periodic("patient work", work, every_s=3600, first_s=3600)
    periodic.run_when_due()
    assert is_idle("patient work")
    assert work.turns == 0


def test_a_turn_that_lasts_keeps_nobody_waiting_and_is_not_overtaken():
    work = Work()
    periodic = Periodic("long work", work, every_s=0, first_s=0)
    periodic.run_when_due()
    assert work.has_begun.wait(20)
    for _ in range(5):
        periodic.run_when_due()
    assert work.turns == 1
    work.may_end.set()
    wait_until(lambda: is_idle("long work"))
    periodic.run_when_due()
    wait_until(lambda: work.turns == 2 and is_idle("long work"))


def test_a_turn_that_breaks_is_not_the_last():
    turns = []

    def work():
        turns.append(1)
        raise ZeroDivisionError

    periodic = Periodic("brittle work", work, every_s=0, first_s=0)
    for expected in (1, 2):
        periodic.run_when_due()
        wait_until(lambda expected=expected: len(turns) == expected and is_idle("brittle work"))
