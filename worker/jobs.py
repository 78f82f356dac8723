"""RQ's entry points: each takes an id and calls one function; running one twice is harmless."""

from worker import run


def run_task(task_id: str) -> None:
    """Advance one task."""
    run.run_task(task_id)
