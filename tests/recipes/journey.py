"""Somebody new pays for one run of the recipe's tool, with nothing but services and a worker's turns.

Prints as JSON what became of it: `python -m tests.recipes.journey NAME`.
"""

import io
import json
import sys
from typing import Any

from PIL import Image
from sqlmodel import select

from funmagic.catalogue.service import list_tools
from funmagic.core.db import reading
from funmagic.core.storage.current import get_storage
from funmagic.models.assets import Asset
from funmagic.models.base import new_id
from funmagic.models.tasks import TaskStatus, TaskStep
from funmagic.tasks.submit import Submission, submit_task
from tests.factories import balance_of, books_are_right, load_task, make_user, upload_photo
from worker.runs.run import run_task

MOST_TURNS = 5


def main(name: str) -> None:
    viewer = make_user(name)
    before = balance_of(viewer).available
    task_id = submit_task(viewer, Submission("grey", new_id(), input={"assetId": upload_photo(viewer)}))[0].id
    turns = 0
    while load_task(task_id).status not in (TaskStatus.COMPLETED, TaskStatus.FAILED) and turns < MOST_TURNS:
        run_task(task_id)
        turns += 1
    balance = balance_of(viewer)
    said = {
        "status": load_task(task_id).status,
        "turns": turns,
        "charged": before - balance.available,
        "held": balance.reserved,
        "books_are_right": books_are_right(),
    }
    print(json.dumps(said | _made(task_id)))


def _made(task_id: str) -> dict[str, Any]:
    with reading() as session:
        step = session.exec(select(TaskStep).where(TaskStep.task_id == task_id)).one()
        assets = session.exec(select(Asset).where(Asset.task_id == task_id)).all()
        slugs = [tool.slug for tool in list_tools(session)]
    pictures = [Image.open(io.BytesIO(get_storage().get(asset.bucket, asset.storage_key))) for asset in assets]
    return {
        "provider": step.provider,
        "request": step.request,
        "pictures": [[picture.mode, *picture.size] for picture in pictures],
        "catalogue": slugs,
    }


if __name__ == "__main__":
    main(sys.argv[1])
