"""Tripo's client, as its maker ships it and as we hold it: what it says on the wire, and what it must not do."""

import asyncio
import io
import subprocess
import sys
from pathlib import Path

import pytest
import trimesh

from tests.servers import PROJECT
from tests.worker.providers.keys import FIGURE
from tests.worker.providers.keys import TRIPO_KEY as KEY
from worker.providers.tripo.client import GuardedTripo

# The import comes after ours, which keeps the client from asking around where this machine is.
from tripo3d import TaskStatus, TripoAPIError, TripoClient, TripoValidationError  # isort: skip

LISTEN = """
import sys
seen = []
sys.addaudithook(lambda event, args: seen.append((event, args)) if event.startswith("socket.") else None)
import worker.providers.tripo.adapter
import tripo3d
tripo3d._detection_thread.join()
print([event for event in seen if event[0] in ("socket.connect", "socket.getaddrinfo")], "aiohttp" in sys.modules)
"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "figure.png"
    path.write_bytes(FIGURE)
    return path


def test_importing_the_client_asks_nobody_anything():
    heard = subprocess.run([sys.executable, "-c", LISTEN], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert heard.stdout.strip() == "[] False"


async def test_the_client_as_it_is_shipped_gets_its_model(tripo, tripo_address, photo, tmp_path):
    tripo.script("queue", polls=1)
    async with TripoClient(KEY, v3_base_url=tripo_address) as client:
        task_id = await client.image_to_model(str(photo), model_version="v3.1-20260211", texture_quality="detailed")
        task = await client.wait_for_task(task_id, polling_interval=0.1)
        files = await client.download_task_models(task, str(tmp_path))
    assert (task.status, task.credits_consumed) == (TaskStatus.SUCCESS, 30)
    assert trimesh.load_scene(files["model"], file_type="glb").geometry


async def test_the_client_as_it_is_shipped_can_do_what_else_we_answer(tripo, tripo_address, photo):
    async with TripoClient(KEY, v3_base_url=tripo_address) as client:
        client.MULTIPART_MAX_BYTES = 1
        token = (await client.upload_file(photo))["file_token"]
        task_id = await client.image_to_model(token, model_version="P1-20260311")
        several = await client.list_tasks([task_id, "nobody"])
        balance = await client.get_balance()
    assert tripo.requests == {"presign": 1, "create": 1, "list": 1, "balance": 1}
    assert (list(several.tasks), several.missed, balance.balance) == ([task_id], ["nobody"], 1000)


async def test_the_client_as_it_is_shipped_hears_our_refusals(tripo, tripo_address, photo):
    tripo.script("exhausted")
    async with TripoClient(KEY, v3_base_url=tripo_address) as client:
        with pytest.raises(TripoAPIError) as caught:
            await client.image_to_model(str(photo))
    assert caught.value.code == 2010
    with pytest.raises(TripoValidationError):
        TripoClient("sk-other", v3_base_url=tripo_address)


async def test_what_we_ask_is_what_the_client_as_it_is_shipped_asks(tripo, tripo_address, photo, new_tripo_run):
    options = {"texture_quality": "detailed", "geometry_quality": "detailed", "face_limit": 5000, "model_seed": 7}
    async with TripoClient(KEY, v3_base_url=tripo_address) as client:
        await client.image_to_model(str(photo), model_version="v3.1-20260211", **options)
    theirs = dict(tripo.requests)
    await asyncio.to_thread(new_tripo_run(options=options).start)
    first, second = tripo.jobs.values()
    assert first.digest == second.digest
    assert set(first.arguments) == set(second.arguments)
    assert {place: count * 2 for place, count in theirs.items()} == tripo.requests


def test_our_client_is_theirs(tripo, new_tripo_run):
    assert issubclass(GuardedTripo, TripoClient)
    [file] = new_tripo_run().finish().files
    assert trimesh.load_scene(io.BytesIO(file.data), file_type="glb").geometry
