import asyncio
import threading

import pytest

from funmagic.core.telemetry.bounded import Bounded


@pytest.fixture
def hanging():
    """A question that hangs until the test lets it go, and how often it was asked."""
    release, asked = threading.Event(), []

    def answer() -> str:
        asked.append(1)
        release.wait(30)
        return "late"

    yield answer, asked, release
    release.set()


async def test_a_question_that_hangs_is_given_up_and_asked_once(hanging):
    answer, asked, _release = hanging
    question = Bounded(answer, patience_s=0.05, kept_s=0)
    answers = await asyncio.gather(*(question.answer() for _ in range(50)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {TimeoutError}
    assert len(asked) == 1


async def test_a_late_answer_serves_whoever_asks_then(hanging):
    answer, asked, release = hanging
    question = Bounded(answer, patience_s=0.05, kept_s=60)
    with pytest.raises(TimeoutError):
        await question.answer()
    release.set()
    patient = Bounded(question._ask, patience_s=30, kept_s=60)
    assert await patient.answer() == "late"
    while True:
        try:
            assert await question.answer() == "late"
            break
        except TimeoutError:
            continue
    assert len(asked) == 2


async def test_an_answer_is_kept_for_a_while_and_asked_anew_afterwards():
    asked = []
    kept = Bounded(lambda: asked.append(1), patience_s=5, kept_s=60)
    fresh = Bounded(lambda: asked.append(2), patience_s=5, kept_s=0)
    for question in (kept, kept, kept, fresh, fresh):
        await question.answer()
    assert asked == [1, 2, 2]


async def test_what_asking_raises_reaches_who_asked():
    question = Bounded(lambda: 1 / 0, patience_s=5, kept_s=60)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await question.answer()
