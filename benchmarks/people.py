"""Users for a benchmark: signed in, rich, each with a photo; and tasks as if workers were at them."""

from dataclasses import dataclass

from sqlmodel import select

from funmagic.accounts.users import create_user
from funmagic.core.db import transaction
from funmagic.core.settings import get_settings
from funmagic.credits import ledger
from funmagic.library.verification import verify_upload
from funmagic.models.base import db_time, new_id, utcnow
from funmagic.models.tasks import StepStatus, Task, TaskStatus, TaskStep
from funmagic.models.tools import Tool
from funmagic.sessions.service import COOKIE_NAME, open_session
from funmagic.sessions.viewer import Viewer
from tests.factories import PASSWORD_HASH, upload_photo

CREDITS = 1_000_000
STEP = "remove"
ONE_DAY_S = 24 * 3600.0


@dataclass(frozen=True)
class Person:
    """A user, and what their browser sends."""

    viewer: Viewer
    cookie: str
    asset_id: str


def make_people(count: int, photo: bytes | None = None) -> list[Person]:
    """So many users, each signed in, with credits for every run and with an uploaded photo."""
    get_settings().welcome_credits = CREDITS
    with transaction() as session:
        viewers = [
            Viewer.of(
                create_user(session, email=f"{new_id()}@example.com", name="Mia Chen", password_hash=PASSWORD_HASH)
            )
            for _ in range(count)
        ]
        tokens = [open_session(session, viewer.id) for viewer in viewers]
    people = [
        Person(viewer, f"{COOKIE_NAME}={token}", upload_photo(viewer, photo))
        for viewer, token in zip(viewers, tokens, strict=True)
    ]
    for person in people:
        verify_upload(person.viewer, person.asset_id)
    return people


def make_running_tasks(owners: list[Person]) -> list[str]:
    """A task for each entry, with a lease that no worker needs to renew; returns their ids."""
    with transaction() as session:
        tool_id = session.exec(select(Tool.id).where(Tool.slug == "background-remove")).one()
        tasks = [_running_task(owner, tool_id) for owner in owners]
        session.add_all(tasks)
        session.flush()
        for task in tasks:
            ledger.reserve(session, task.user_id, task.credits_cost, task_id=task.id)
        session.add_all(
            TaskStep(task_id=task.id, step_id=STEP, position=0, status=StepStatus.PROCESSING, provider="local")
            for task in tasks
        )
        return [task.id for task in tasks]


def _running_task(owner: Person, tool_id: str) -> Task:
    return Task(
        user_id=owner.viewer.id,
        tool_id=tool_id,
        status=TaskStatus.PROCESSING,
        credits_cost=5,
        input={"assetId": owner.asset_id},
        current_step=STEP,
        attempts=1,
        lease_token=new_id(),
        leased_until=db_time(ONE_DAY_S),  # type: ignore[arg-type]
        started_at=utcnow(),
        idempotency_key=new_id(),
        request_hash="",
    )
