"""The probes: whether this process is alive, and whether it should be sent people."""

import asyncio
from functools import lru_cache
from typing import Literal

import sqlalchemy as sa
import structlog
from fastapi import APIRouter, Response, status

from funmagic.api.operations.stopping import is_stopping
from funmagic.core.db import reading
from funmagic.core.json import Shape
from funmagic.core.redis import get_redis
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.core.telemetry.bounded import Bounded

log = structlog.get_logger()

router = APIRouter(include_in_schema=False)

PATIENCE_S = 2.0
# However often somebody asks, the database hears of it once a second.
KEPT_S = 1.0
# No object has this key: a store that says so is there.
NO_SUCH_KEY = "readiness/none"

State = Literal["ok", "down"]
Verdict = Literal["ready", "degraded", "unavailable", "stopping"]


class Readiness(Shape):
    """What a web process needs, and whether it is there."""

    status: Verdict
    database: State
    redis: State
    storage: State


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answer that this process is alive."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(response: Response) -> Readiness:
    """Answer whether to send people here: 503 without database or store; without Redis pages go on, degraded."""
    database, redis, storage = await asyncio.gather(*map(_state_of, _checks()))
    verdict = _verdict(database, redis, storage)
    if verdict in ("stopping", "unavailable"):
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Readiness(status=verdict, database=database, redis=redis, storage=storage)


def _verdict(database: State, redis: State, storage: State) -> Verdict:
    if is_stopping():
        return "stopping"
    if "down" in (database, storage):
        return "unavailable"
    return "ready" if redis == "ok" else "degraded"


async def _state_of(question: Bounded[None]) -> State:
    try:
        await question.answer()
    except Exception as error:  # noqa: BLE001 - whatever it is, it cannot be used
        log.debug("not_ready", error=repr(error))
        return "down"
    return "ok"


@lru_cache
def _checks() -> list[Bounded[None]]:
    pings = (_ping_database, _ping_redis, _ping_storage)
    return [Bounded(ping, patience_s=PATIENCE_S, kept_s=KEPT_S) for ping in pings]


def _ping_database() -> None:
    with reading() as session:
        session.execute(sa.select(1))


def _ping_redis() -> None:
    get_redis().ping()


def _ping_storage() -> None:
    get_storage().head(PRIVATE_BUCKET, NO_SUCH_KEY)
