"""Fifty people who submit runs and follow some of them, and repeat whatever went wrong on the way, as clients do."""

import asyncio
import json
import random
from contextlib import aclosing
from dataclasses import dataclass, field

import httpx

from funmagic.accounts.sessions import COOKIE_NAME
from funmagic.accounts.viewer import Viewer
from tests import factories

PAUSE_S = 0.2
FULL_PAUSE_S = 1.0
FOLLOWED = 20
TERMINAL = ("completed", "failed")
PATIENCE_S = 60


@dataclass
class Witness:
    """What one follower of one task was told: the ids of the events in order, and its ends."""

    task_id: str
    ids: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)


@dataclass
class Crowd:
    """All that the people saw: the task that each key led to, and what the followers were told."""

    url: str
    tasks: dict[str, str] = field(default_factory=dict)
    witnesses: list[Witness] = field(default_factory=list)
    repeats: int = 0
    contradictions: list[str] = field(default_factory=list)

    async def submit_all(self, people: list[Viewer], count: int) -> None:
        """Submit so many runs, shared among the people; returns when all are taken and every follower has heard."""
        self._following: list[asyncio.Task[None]] = []
        shares = [range(number, count, len(people)) for number in range(len(people))]
        await asyncio.gather(*(self._submit_share(person, share) for person, share in zip(people, shares, strict=True)))
        await asyncio.gather(*self._following)

    async def _submit_share(self, person: Viewer, share: range) -> None:
        cookies = {COOKIE_NAME: await asyncio.to_thread(factories.session_token, person)}
        photo = await asyncio.to_thread(factories.upload_photo, person)
        async with httpx.AsyncClient(base_url=self.url, cookies=cookies, timeout=PATIENCE_S, trust_env=False) as client:
            for number in share:
                task_id = await self._submit(client, f"run-{number}", photo)
                if number % FOLLOWED == 0:
                    self._following.append(asyncio.create_task(self._follow(cookies, task_id)))

    async def _submit(self, client: httpx.AsyncClient, key: str, photo: str) -> str:
        body = {"toolSlug": "background-remove", "input": {"assetId": photo}}
        while True:
            try:
                answer = await client.post("/api/tasks", json=body, headers={"Idempotency-Key": key})
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.is_success:
                return self._note(key, answer.json()["task"]["id"])
            if answer is not None and answer.status_code not in (429, 500, 502, 503):
                self.contradictions.append(f"{key}: {answer.status_code} {answer.text[:200]}")
            self.repeats += 1
            is_full = answer is not None and answer.status_code == httpx.codes.TOO_MANY_REQUESTS
            await asyncio.sleep(random.uniform(0.5, 1.5) * (FULL_PAUSE_S if is_full else PAUSE_S))

    def _note(self, key: str, task_id: str) -> str:
        if self.tasks.setdefault(key, task_id) != task_id:
            self.contradictions.append(f"{key} led to {task_id} and to {self.tasks[key]}")
        return task_id

    async def _follow(self, cookies: dict[str, str], task_id: str) -> None:
        witness = Witness(task_id)
        self.witnesses.append(witness)
        async with httpx.AsyncClient(base_url=self.url, cookies=cookies, timeout=PATIENCE_S, trust_env=False) as client:
            while not witness.ends:
                try:
                    await self._listen(client, witness)
                except httpx.HTTPError:
                    await asyncio.sleep(PAUSE_S)

    async def _listen(self, client: httpx.AsyncClient, witness: Witness) -> None:
        headers = {"Last-Event-ID": witness.ids[-1]} if witness.ids else {}
        async with client.stream("GET", f"/api/tasks/{witness.task_id}/stream", headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                await asyncio.sleep(PAUSE_S)
                return
            async with aclosing(answer.aiter_lines()) as lines:
                async for line in lines:
                    if line.startswith("id: "):
                        witness.ids.append(line[4:])
                    elif line.startswith("data: ") and (kind := json.loads(line[6:])["type"]) in TERMINAL:
                        witness.ends.append(kind)
