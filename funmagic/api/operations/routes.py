"""`/metrics` for Prometheus: with the bearer token; locally this machine needs none."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request, Response, status
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from funmagic.api.operations.metrics import render_metrics
from funmagic.core.settings import get_settings
from funmagic.http.client_address import is_this_machine

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    """All numbers of this process, and those that all processes share."""
    if not (_has_token(authorization) or (get_settings().is_local and is_this_machine(request.scope))):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
    return Response(await render_metrics(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _has_token(authorization: str) -> bool:
    expected = get_settings().metrics_token.get_secret_value()
    scheme, _, token = authorization.partition(" ")
    return bool(expected) and scheme.lower() == "bearer" and secrets.compare_digest(token.encode(), expected.encode())
