"""Prints what slow providers cost: 200 runs at once on four workers, and calls of OpenAI, which each hold one."""

import sqlalchemy as sa
from rq import Worker
from sqlmodel import select

from benchmarks.engine import KEY, seconds_to_complete, workers
from benchmarks.machine import Figure, print_figures
from benchmarks.people import Person, make_people
from benchmarks.site import WORKER, Site, memory, running_site
from funmagic.catalogue.configure import configure_step
from funmagic.core.db import reading, transaction
from funmagic.core.redis import get_redis
from funmagic.credits import ledger
from funmagic.models.base import new_id, utcnow
from funmagic.models.tasks import Task, TaskStatus
from funmagic.models.tools import Tool
from funmagic.providers.service import set_provider
from funmagic.sessions.viewer import Viewer
from funmagic.tasks.submit import Submission, submit_task
from tests.factories import STYLE, books_are_right, wait_until
from tests.ports import free_port

PEOPLE, EACH, WORKERS, STREAM_WORKERS = 50, 4, 4, 2
JOB_S, BAR_S = 60, 90
# OpenAI's: few, so that the benchmark ends; what counts is how many are done side by side.
STREAMED, STREAMED_S = 8, 10
STREAM = ("funmagic", "worker", "ai-streaming")
TRIPO_KEY = f"tsk_{KEY}"
WHOLE = sa.text("SELECT extract(epoch FROM max(finished_at) - min(created_at))::float FROM tasks WHERE id = ANY(:ids)")
Asked = list[tuple[Viewer, Submission]]


def main() -> None:
    """Measure each provider in turn, on one database."""
    with running_site(FUNMAGIC_ALLOWED_PRIVATE_HOSTS="127.0.0.1") as site:
        people = make_people(PEOPLE)
        site.start("funmagic", "clock")
        measured = {"fal.ai": _at_fal, "Replicate": _at_replicate, "Tripo": _at_tripo}
        figures = [
            Figure(f"{PEOPLE * EACH} runs of {JOB_S} s at {name}", measure(site, people), "s", BAR_S, JOB_S)
            for name, measure in measured.items()
        ]
        figures += _at_openai(site, people)
        assert books_are_right()
    print_figures(figures)
    print("The floor of a run is the provider's own time; OpenAI's runs share their workers, so theirs is the queue's.")


def _at_fal(site: Site, people: list[Person]) -> float:
    _serve(site, "fal", delay=JOB_S)
    _configure("background-remove", "remove", "fal")
    return _measure(site, [_submission_of(person, "background-remove") for person in people for _ in range(EACH)])


def _at_replicate(site: Site, people: list[Person]) -> float:
    _serve(site, "fal", delay=0)
    _serve(site, "replicate", delay=JOB_S)
    _configure("crystal-memory", "background-remove", "fal")
    _configure("crystal-memory", "vggt", "replicate")
    return _measure(site, [_submission_of(person, "crystal-memory") for person in people for _ in range(EACH)])


def _at_tripo(site: Site, people: list[Person]) -> float:
    _serve(site, "tripo", delay=JOB_S, key=TRIPO_KEY)
    _configure("figme", "3d-gen", "tripo")
    figures = [(person.viewer, _completed_figure(person)) for person in people]
    asked = [
        (viewer, Submission("figme", new_id(), step_id="3d-gen", parent_task_id=figure))
        for viewer, figure in figures
        for _ in range(EACH)
    ]
    return _measure(site, asked)


def _at_openai(site: Site, people: list[Person]) -> list[Figure]:
    _serve(site, "openai", delay=STREAMED_S, path="/v1")
    _configure("figme", "image-gen", "openai")
    asked = [_submission_of(person, "figme", "image-gen", styleReferenceId=STYLE) for person in people[:STREAMED]]
    with workers(site, *STREAM, count=STREAM_WORKERS) as keep:
        seconds = seconds_to_complete(_submit_all(asked), keep)
        held = max(memory(worker) for worker in keep())
    name = f"{STREAMED} runs of {STREAMED_S} s at OpenAI, {STREAM_WORKERS} stream workers"
    floor = STREAMED * STREAMED_S / STREAM_WORKERS
    return [Figure(name, seconds, "s", floor=floor), Figure("memory of a stream worker", held / 1e6, "MB")]


def _measure(site: Site, asked: Asked) -> float:
    """Seconds from the first submit to the end of the last run."""
    with workers(site, *WORKER, count=WORKERS) as keep:
        # A product that has been up for a while is what is measured.
        wait_until(lambda: len(Worker.all(get_redis())) >= WORKERS)
        ids = _submit_all(asked)
        seconds_to_complete(ids, keep)
    with reading() as session:
        return float(session.execute(WHOLE, {"ids": ids}).scalar_one())


def _submit_all(asked: Asked) -> list[str]:
    return [submit_task(viewer, submission)[0].id for viewer, submission in asked]


def _submission_of(person: Person, slug: str, step: str | None = None, **values: str) -> tuple[Viewer, Submission]:
    values = {"assetId": person.asset_id, **values}
    return person.viewer, Submission(slug, new_id(), step_id=step, input=values)


def _serve(site: Site, name: str, *, delay: int, key: str = KEY, path: str = "") -> None:
    port = free_port()
    site.start(f"tests.emulators.{name}", "--port", str(port), "--delay", str(delay), "--key", key)
    with transaction() as session:
        set_provider(session, name, api_key=key, base_url=f"http://127.0.0.1:{port}{path}", is_active=True)


def _configure(slug: str, step: str, provider: str) -> None:
    with transaction() as session:
        configure_step(session, slug, step, provider=provider)


def _completed_figure(person: Person) -> str:
    """A FigMe run whose image is the person's photo."""
    with transaction() as session:
        tool = session.exec(select(Tool.id).where(Tool.slug == "figme")).one()
        task = Task(
            user_id=person.viewer.id,
            tool_id=tool,
            step_id="image-gen",
            status=TaskStatus.COMPLETED,
            credits_cost=0,
            output={"assetIds": [person.asset_id]},
            finished_at=utcnow(),
            announced_at=utcnow(),
            idempotency_key=new_id(),
            request_hash="",
        )
        session.add(task)
        session.flush()
        ledger.reserve(session, person.viewer.id, 0, task_id=task.id)
        ledger.confirm(session, task_id=task.id)
        return task.id


if __name__ == "__main__":
    main()
