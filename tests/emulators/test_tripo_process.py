"""The emulator as a process of its own, steered over HTTP."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.factories import photo_bytes, wait_until
from tests.ports import answers, free_port
from tests.servers import PROJECT


@pytest.fixture
def address() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.emulators.tripo", "--port", str(port), "--key", "tsk_k"], cwd=PROJECT
    )
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{address}/_jobs"), of=process)
    yield address
    process.terminate()
    process.wait()


def create(address: str, key: str = "tsk_k") -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    files = {"file": ("figure.png", photo_bytes(format="PNG"), "image/png")}
    upload = httpx.post(f"{address}/v3/files", files=files, headers=headers)
    if not upload.is_success:
        return upload
    arguments = {"input": upload.json()["data"]["file_token"], "model": "v3.1-20260211"}
    return httpx.post(f"{address}/v3/generation/image-to-model", json=arguments, headers=headers)


def test_it_takes_scripted_faults_and_counts_the_jobs(address: str) -> None:
    faults = [{"name": "rate-limited", "retryAfter": "3"}]
    httpx.post(f"{address}/_script", json={"reset": True, "faults": faults, "balance": 30})
    limited, taken = create(address), create(address)
    assert (limited.status_code, limited.json()["code"], limited.headers["Retry-After"]) == (429, 2000, "3")
    assert taken.json()["data"]["task_id"]
    assert [create(address, key=key).status_code for key in ("tsk_other", "k")] == [401, 401]
    counted = httpx.get(f"{address}/_jobs").json()
    assert (len(counted["jobs"]), list(counted["digests"].values())) == (1, [1])
    assert counted["requests"] == {"upload": 4, "create": 2}
