"""The emulated providers of a stage: one process each, all of them asked through their real SDKs."""

import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlmodel import Session

from funmagic.catalogue.configure import configure_step
from funmagic.providers.service import set_provider
from tests.factories import wait_until
from tests.ports import free_port

SLOTS = 300
# What is taken and never answered holds a worker for so long.
PATIENCE_S = 4
STREAM_PATIENCE_S = 10
PICTURES = {"size": "256x256", "partial_images": 1}


@dataclass
class Emulated:
    """One provider on loopback: its type, its key, where its API begins, and how it says that we are out of credit."""

    name: str
    key: str
    path: str = ""
    exhausted: str = "exhausted"
    # What is listened to until it is done leaves no job that one could look at.
    names_jobs: bool = True
    port: int = field(default_factory=free_port)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self) -> subprocess.Popen[bytes]:
        """Start its process and return once it answers."""
        words = ["-m", f"tests.emulators.{self.name}", "--port", str(self.port), "--key", self.key]
        process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
        wait_until(self.read, of=process)
        return process

    def set_up(self, session: Session) -> None:
        """Have the product know it; an admin who mended something does the same."""
        config = {"rateLimit": {"maxConcurrency": SLOTS}, "requestTimeoutSeconds": PATIENCE_S}
        set_provider(session, self.name, api_key=self.key, base_url=f"{self.address}{self.path}", config=config)

    def script(self, **asked: Any) -> None:
        """Tell it how to misbehave from now on."""
        httpx.post(f"{self.address}/_script", json=asked, trust_env=False).raise_for_status()

    def read(self) -> dict[str, Any]:
        """The jobs that it took, how often each was asked for, and the faults that it dealt out."""
        answer = httpx.get(f"{self.address}/_jobs", trust_env=False, timeout=60).raise_for_status()
        return answer.json()  # type: ignore[no-any-return]


def emulated_providers() -> dict[str, Emulated]:
    """All that the three tools need."""
    providers = (
        Emulated("fal", "emulated-key-0123"),
        Emulated("openai", "sk-emulated-key-0123", path="/v1", exhausted="insufficient-quota", names_jobs=False),
        Emulated("replicate", "r8_emulated0123456789"),
        Emulated("tripo", "tsk_emulated0123456789"),
    )
    return {provider.name: provider for provider in providers}


def configure_tools(session: Session) -> None:
    """Have every step done by an emulated provider."""
    configure_step(session, "background-remove", "remove", provider="fal")
    configure_step(session, "crystal-memory", "background-remove", provider="fal")
    configure_step(session, "crystal-memory", "vggt", provider="replicate")
    configure_step(session, "figme", "image-gen", provider="openai", options=PICTURES, timeout_s=STREAM_PATIENCE_S)
    configure_step(session, "figme", "3d-gen", provider="tripo")
