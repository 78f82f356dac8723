"""The emulator of Replicate as a process of its own, steered over HTTP and asked as the API's pages say.

Its own SDK is no longer kept and does not run on Python 3.14, which we support: plain httpx speaks the protocol here.
"""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.factories import photo_bytes, wait_until
from tests.ports import free_port
from tests.servers import PROJECT

VERSION = "35b7a45ef4430c677a6c71f5467ee0d98991502effe0d65bdbd8863fa205cc54"


@pytest.fixture
def api() -> Iterator[httpx.Client]:
    port = free_port()
    command = [sys.executable, "-m", "tests.emulators.replicate", "--port", str(port), "--key", "k"]
    process = subprocess.Popen(command, cwd=PROJECT)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer k"})
    wait_until(lambda: client.get("/_jobs").is_success, of=process)
    yield client
    client.close()
    process.terminate()
    process.wait()


def predict(api: httpx.Client, **headers: str) -> httpx.Response:
    photo = photo_bytes(format="PNG")
    stored = api.post("/v1/files", files={"content": ("a.png", photo, "image/png")})
    asked = {"version": VERSION, "input": {"inputs": [stored.json()["urls"]["get"]]}}
    return api.post("/v1/predictions", json=asked, headers=headers)


def test_it_takes_scripted_faults_and_counts_the_predictions(api: httpx.Client) -> None:
    api.post("/_script", json={"faults": [{"name": "rate-limited", "retryAfter": "3"}]})
    assert (predict(api).status_code, predict(api).status_code) == (429, 201)
    assert predict(api, Authorization="Bearer other").status_code == 401
    counted = api.get("/_jobs").json()
    assert (len(counted["jobs"]), list(counted["digests"].values()), counted["requests"]["create"]) == (1, [1], 3)


def test_a_prediction_starts_and_succeeds_with_a_scene(api: httpx.Client) -> None:
    created = predict(api).json()
    assert (created["status"], created["output"]) == ("starting", None)
    ended = api.get(created["urls"]["get"]).json()
    assert ended["status"] == "succeeded"
    scene = httpx.get(ended["output"]["data"][0]).json()
    assert scene["world_points"]["shape"] == [518, 518, 3]
    assert scene["original_image"] == {"width": 96, "height": 72}
