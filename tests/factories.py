"""Builders for what tests need again and again: people, photos, uploads, runs; and waiting for a condition."""

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw
from sqlmodel import col, select

from funmagic.accounts.passwords import hash_password
from funmagic.accounts.users import create_user, prove_email
from funmagic.core.db import reading, snapshot, transaction
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.credits import ledger
from funmagic.credits.audit import audit_credits
from funmagic.credits.service import get_balance
from funmagic.credits.views import Balance
from funmagic.library.uploads import UploadPurpose, create_upload
from funmagic.models.base import new_id
from funmagic.models.billing import Payment
from funmagic.models.tasks import Task, TaskStatus
from funmagic.models.tools import Tool
from funmagic.models.users import Role, User
from funmagic.sessions.service import COOKIE_NAME, open_session
from funmagic.sessions.viewer import Viewer
from funmagic.site.tools.figme.styles import SEEDED_STYLES
from funmagic.tasks.lifecycle import claim_task, finish_step, take_step
from funmagic.tasks.submit import Submission, submit_task
from funmagic.tasks.views import TaskView
from tests.waiting import wait_until  # noqa: F401 - where tests look for it

# The first of those that a new installation offers.
STYLE = SEEDED_STYLES[0]["id"]
PASSWORD = "correct horse battery"
PASSWORD_HASH = hash_password(PASSWORD)


def make_user(name: str, role: Role = Role.USER) -> Viewer:
    """A user named so, with welcome credits and PASSWORD."""
    with transaction() as session:
        email = f"{name}@example.com"
        return Viewer.of(create_user(session, email=email, name=name.title(), password_hash=PASSWORD_HASH, role=role))


def prove(viewer: Viewer) -> None:
    """Have the viewer's email proved, by themselves."""
    with transaction() as session:
        prove_email(session, session.get_one(User, viewer.id), keeps_access=True)


def photo_bytes(width: int = 96, height: int = 72, format: str = "JPEG", **save: Any) -> bytes:  # noqa: A002 - Pillow's own name
    """A small photo of a disc on a plain wall."""
    image = Image.new("RGB", (width, height), (200, 210, 220))
    ImageDraw.Draw(image).ellipse((width // 4, height // 4, width * 3 // 4, height * 3 // 4), fill=(180, 40, 40))
    buffer = io.BytesIO()
    image.save(buffer, format, **save)
    return buffer.getvalue()


def sign_in(client: TestClient, viewer: Viewer) -> TestClient:
    """The client with a live session of the viewer's."""
    # The cookie jar's own name for a host without a dot: so that what the server sets replaces this.
    client.cookies.set(COOKIE_NAME, session_token(viewer), domain="localhost.local")
    return client


def session_token(viewer: Viewer) -> str:
    """The cookie value of a new session of the viewer's."""
    with transaction() as session:
        return open_session(session, viewer.id)


def upload_photo(viewer: Viewer, data: bytes | None = None, mime: str = "image/jpeg") -> str:
    """An uploaded photo of the viewer's; returns the asset's id."""
    data = photo_bytes() if data is None else data
    with transaction() as session:
        upload = create_upload(
            session, viewer, filename="photo.jpg", mime=mime, size=len(data), purpose=UploadPurpose.TOOL_INPUT
        )
    get_storage().put(PRIVATE_BUCKET, upload.storage_key, data, mime=mime)
    return upload.asset_id


def make_payment(viewer: Viewer, **columns: Any) -> str:
    """A payment's bare row, with nothing in the ledger; returns its id."""
    sold = {"package_name": "Small", "amount_cents": 1000, "currency": "usd", "credits": 100, "bonus_credits": 11}
    with transaction() as session:
        payment = Payment(user_id=viewer.id, **({"idempotency_key": new_id()} | sold | columns))
        session.add(payment)
    return payment.id


def submit(viewer: Viewer, *, asset_id: str | None = None, key: str | None = None) -> TaskView:
    """A Background Remove run that the viewer just started."""
    values = {"assetId": asset_id or upload_photo(viewer)}
    submission = Submission(tool_slug="background-remove", input=values, idempotency_key=key or new_id())
    return submit_task(viewer, submission)[0]


def submit_figure(
    viewer: Viewer, *, photo: bytes | None = None, style: str = STYLE, key: str | None = None
) -> TaskView:
    """A FigMe run, its first step, that the viewer just started."""
    values = {"assetId": upload_photo(viewer, photo), "styleReferenceId": style}
    return submit_task(viewer, Submission("figme", key or new_id(), step_id="image-gen", input=values))[0]


def submit_figure_3d(viewer: Viewer, parent_id: str, *, key: str | None = None) -> TaskView:
    """The second step of a FigMe run, which the viewer just started."""
    return submit_task(viewer, Submission("figme", key or new_id(), step_id="3d-gen", parent_task_id=parent_id))[0]


def submit_crystal(viewer: Viewer, *, photo: bytes | None = None, key: str | None = None) -> TaskView:
    """A Crystal Memory run that the viewer just started."""
    values = {"assetId": upload_photo(viewer, photo)}
    return submit_task(viewer, Submission("crystal-memory", key or new_id(), input=values))[0]


def completed_figure(viewer: Viewer) -> TaskView:
    """The first step of a FigMe run, done, without a file."""
    task = submit_figure(viewer)
    with transaction() as session:
        claim = claim_task(session, task.id)
        step = take_step(session, claim)
        finish_step(session, claim, step, [], usage={})
    return task


def load_task(task_id: str) -> Task:
    """The task's row as it is now."""
    with reading() as session:
        return session.get_one(Task, task_id)


def change_task(task_id: str, **columns: Any) -> None:
    """Change a task's row behind the engine's back; times are given as db_time(), and an end settles what it held."""
    with transaction() as session:
        session.execute(sa.update(Task).where(col(Task.id) == task_id).values(**columns))
        if columns.get("status") == TaskStatus.COMPLETED:
            ledger.confirm(session, task_id=task_id)
        if columns.get("status") == TaskStatus.FAILED:
            ledger.release(session, task_id=task_id)


def configure_step(slug: str = "background-remove", step: str = "remove", **config: Any) -> None:
    """Set what a tool's configuration says of a step (Background Remove's own): provider, credits …"""
    with transaction() as session:
        tool = session.exec(select(Tool).where(Tool.slug == slug)).one()
        tool.config = {**tool.config, "steps": {**tool.config.get("steps", {}), step: config}}


def books_are_right() -> bool:
    """Whether the audit finds nothing; what it finds is printed."""
    with snapshot() as session:
        found = audit_credits(session)
    for discrepancy in found:
        print(discrepancy)
    return found == []


def balance_of(viewer: Viewer) -> Balance:
    """The viewer's credits as they are now."""
    with reading() as session:
        return get_balance(session, viewer)


def run_together(count: int, action: Callable[[], Any]) -> list[Any]:
    """Call `action` in so many threads at the same moment; returns what each returned or raised."""
    barrier = threading.Barrier(count)

    def call(_: int) -> Any:
        barrier.wait()
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - what was raised is part of the answer
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))
