"""`/api/admin/billing/*`: what admins do to credits."""

from enum import StrEnum
from typing import Annotated, Self

from fastapi import APIRouter, Header
from pydantic import Field, StrictInt, StringConstraints, model_validator

from funmagic import paths
from funmagic.core.db import transaction
from funmagic.core.json import Named, RequestShape, Shape
from funmagic.credits.corrections import (
    LONGEST_REASON,
    adjust_credits,
    find_recipient,
    grant_credits,
    refund_task,
)
from funmagic.credits.views import Correction
from funmagic.http.callers import RequiredAdmin
from funmagic.http.fields import Email

router = APIRouter(prefix=paths.API_ADMIN_BILLING, tags=["admin"])

# Required: a client that asks again for credits to be given must be able to say that it is the same request.
IdempotencyKey = Annotated[str, Header(min_length=1, max_length=200)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REASON)]


class CorrectionKind(StrEnum):
    """A gift, or the correction of a balance, which may also be downwards."""

    BONUS = "bonus"
    ADJUSTMENT = "adjustment"


class CreditsRequest(RequestShape):
    """Credits to give to a user, named by id or by email, or to take."""

    user_id: Annotated[str, Field(max_length=36)] | None = None
    email: Email | None = None
    amount: StrictInt
    kind: Named[CorrectionKind]
    reason: Reason

    @model_validator(mode="after")
    def _name_one_user(self) -> Self:
        if (self.user_id is None) == (self.email is None):
            raise ValueError("Name the user by userId or by email.")
        return self


class RefundRequest(RequestShape):
    """How much of a run's charge to give back; all of it unless said."""

    amount: StrictInt | None = None
    reason: Reason


class CorrectionAnswer(Shape):
    """What was done."""

    correction: Correction


@router.post("/credits")
def correct_credits(body: CreditsRequest, viewer: RequiredAdmin, idempotency_key: IdempotencyKey) -> CorrectionAnswer:
    """Give credits as a bonus, or adjust a balance; once for each Idempotency-Key."""
    correct = grant_credits if body.kind == CorrectionKind.BONUS else adjust_credits
    with transaction() as session:
        user_id = find_recipient(session, user_id=body.user_id, email=body.email)
        done = correct(session, viewer, user_id, body.amount, reason=body.reason, key=idempotency_key)
    return CorrectionAnswer(correction=done)


@router.post("/tasks/{task_id}/refund")
def refund_run(
    task_id: str, body: RefundRequest, viewer: RequiredAdmin, idempotency_key: IdempotencyKey
) -> CorrectionAnswer:
    """Give back what a run was charged, or a part of it; once for each Idempotency-Key."""
    with transaction() as session:
        done = refund_task(session, viewer, task_id, body.amount, reason=body.reason, key=idempotency_key)
    return CorrectionAnswer(correction=done)
