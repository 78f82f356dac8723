"""The emulator as a process of its own, steered over HTTP."""

import subprocess
import sys
from collections.abc import Iterator

import fal_client
import httpx
import pytest

from tests.emulators.fal_faults import pick_fault
from tests.factories import photo_bytes, wait_until
from tests.ports import answers, free_port
from tests.servers import PROJECT


@pytest.fixture
def address() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "tests.emulators.fal", "--port", str(port), "--key", "k"]
    process = subprocess.Popen(command, cwd=PROJECT)
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{address}/_jobs"), of=process)
    yield address
    process.terminate()
    process.wait()


def submit(address: str, key: str = "k") -> httpx.Response:
    photo = fal_client.encode(photo_bytes(), "image/jpeg")
    headers = {"Authorization": f"Key {key}"}
    return httpx.post(f"{address}/fal-ai/bria/background/remove", json={"image_url": photo}, headers=headers)


def test_it_takes_scripted_faults_and_counts_the_jobs(address: str) -> None:
    httpx.post(f"{address}/_script", json={"faults": [{"name": "rate-limited", "retryAfter": "3"}]})
    assert (submit(address).status_code, submit(address).status_code) == (429, 200)
    assert submit(address, key="other").status_code == 401
    counted = httpx.get(f"{address}/_jobs").json()
    assert (len(counted["jobs"]), list(counted["digests"].values()), counted["requests"]["submit"]) == (1, [1], 3)


def test_faults_are_dealt_out_at_the_rate_that_is_asked_for() -> None:
    assert {pick_fault(("one", "other"), 1).name for _ in range(100)} == {"one", "other"}
    assert {pick_fault(("one", "other"), 0).name for _ in range(100)} == {""}
