"""Retry-After, as seconds or as a date."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from worker.providers.refusals import read_retry_after


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("0.5", 0.5), ("0", 0), ("-3", 0), (" 12 ", 12), ("", None), ("soon", None)]
)
def test_seconds_are_read(value, seconds):
    assert read_retry_after({"Retry-After": value}) == seconds


def test_no_header_says_nothing():
    assert read_retry_after({}) is None


@pytest.mark.parametrize(("ahead", "shortest", "longest"), [(60, 50, 60), (-60, 0, 0)])
def test_a_date_is_read_and_one_that_has_passed_means_now(ahead, shortest, longest):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    assert shortest <= read_retry_after({"Retry-After": date}) <= longest
    unzoned = date.replace("GMT", "-0000")
    assert shortest <= read_retry_after({"Retry-After": unzoned}) <= longest
