"""People who submit runs and follow some of them, and repeat whatever went wrong on the way, as clients do."""

import asyncio
import json
import random
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx

from funmagic.sessions.service import COOKIE_NAME
from tests import factories
from tests.chaos.errands import FIGURE, MODEL, Day, Errand

PAUSE_S = 0.2
FULL_PAUSE_S = 1.0
TERMINAL = ("completed", "failed")
PATIENCE_S = 60
REPEATABLE = (429, 500, 502, 503)


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
    streaming: set[str] = field(default_factory=set)
    witnesses: list[Witness] = field(default_factory=list)
    repeats: int = 0
    contradictions: list[str] = field(default_factory=list)

    async def live(self, days: list[Day]) -> None:
        """Have all people do their errands; returns when all are taken and every follower has heard."""
        self._following: list[asyncio.Task[None]] = []
        await asyncio.gather(*(self._spend(day) for day in days))
        await asyncio.gather(*self._following)

    async def _spend(self, day: Day) -> None:
        cookies = {COOKIE_NAME: await asyncio.to_thread(factories.session_token, day.person)}
        async with httpx.AsyncClient(base_url=self.url, cookies=cookies, timeout=PATIENCE_S, trust_env=False) as client:
            for errand in day.errands:
                task_id = await self._do(client, day, errand)
                if errand.is_followed:
                    self._following.append(asyncio.create_task(self._follow(cookies, task_id)))
                if errand.is_cancelled:
                    await self._request(client, "POST", f"/api/tasks/{task_id}/cancel", or_status=httpx.codes.CONFLICT)

    async def _do(self, client: httpx.AsyncClient, day: Day, errand: Errand) -> str:
        parent = await self._find_figure(client, day) if errand.kind == MODEL else None
        body = errand.body(parent)
        answer = await self._request(client, "POST", "/api/tasks", json=body, headers={"Idempotency-Key": errand.key})
        task_id: str = answer.json()["task"]["id"]
        if self.tasks.setdefault(errand.key, task_id) != task_id:
            self.contradictions.append(f"{errand.key} led to {task_id} and to {self.tasks[errand.key]}")
        if errand.kind in (FIGURE, MODEL) and parent is None:
            self.streaming.add(task_id)
            day.figures.append(task_id)
        return task_id

    async def _find_figure(self, client: httpx.AsyncClient, day: Day) -> str | None:
        """A figure of the person's that is done, and of which they have no model yet; None when there will be none."""
        while day.figures:
            task_id = day.figures[0]
            status = (await self._request(client, "GET", f"/api/tasks/{task_id}")).json()["task"]["status"]
            if status in TERMINAL:
                day.figures.remove(task_id)
            if status == "completed":
                return task_id
            if status not in TERMINAL:
                await asyncio.sleep(FULL_PAUSE_S)
        return None

    async def _request(
        self, client: httpx.AsyncClient, method: str, path: str, *, or_status: int = 200, **values: Any
    ) -> httpx.Response:
        """Ask until there is an answer that counts: a success, or this status."""
        while True:
            try:
                answer = await client.request(method, path, **values)
            except httpx.HTTPError:
                answer = None
            if answer is not None and (answer.is_success or answer.status_code == or_status):
                return answer
            if answer is not None and answer.status_code not in REPEATABLE:
                self.contradictions.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            self.repeats += 1
            is_full = answer is not None and answer.status_code == httpx.codes.TOO_MANY_REQUESTS
            await asyncio.sleep(random.uniform(0.5, 1.5) * (FULL_PAUSE_S if is_full else PAUSE_S))

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
