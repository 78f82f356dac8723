"""How delays grow, are forgotten, and end."""

from funmagic.supervisor.backoff import Backoff


def test_delays_double_up_to_ten_seconds():
    backoff = Backoff(0.2)
    delays = [backoff.delay_after(uptime=15, exit_code=1) for _ in range(8)]
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]


def test_half_a_minute_of_life_starts_the_delays_over():
    backoff = Backoff(0.2)
    for _ in range(4):
        backoff.delay_after(uptime=1, exit_code=1)
    assert backoff.delay_after(uptime=31, exit_code=-9) == 0.2
    assert backoff.delay_after(uptime=1, exit_code=-9) == 0.4


def test_the_sixth_failure_in_a_row_is_the_last():
    backoff = Backoff(0.2)
    delays = [backoff.delay_after(uptime=1, exit_code=1) for _ in range(6)]
    assert delays[4] is not None
    assert delays[5] is None


def test_ten_seconds_of_life_forgive_the_failures_before():
    backoff = Backoff(0.2)
    for _ in range(5):
        backoff.delay_after(uptime=1, exit_code=1)
    assert backoff.delay_after(uptime=11, exit_code=1) is not None
    assert backoff.delay_after(uptime=1, exit_code=1) is not None


def test_a_clean_exit_is_no_failure():
    backoff = Backoff(0.2)
    assert [backoff.delay_after(uptime=0, exit_code=0) for _ in range(20)] == [0.2] * 20
