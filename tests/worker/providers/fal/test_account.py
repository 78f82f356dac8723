"""fal.ai told to stop, and asked how it is."""

from worker.providers.base import Waiting


def test_a_job_that_is_over_need_not_be_cancelled(fal, new_run):
    run = new_run()
    run.finish()
    assert run.cancel()
    [job] = fal.jobs.values()
    assert not job.cancelled


def test_a_cancel_that_nobody_confirms_is_no_cancel(fal, new_run):
    run = new_run()
    run.start()
    fal.jobs.clear()
    assert not run.cancel()
    run.waiting = Waiting("lost", 1)
    assert not run.cancel()
    assert fal.requests == {"submit": 1, "cancel": 1}
