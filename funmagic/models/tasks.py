"""A user's runs: tasks and their steps."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from funmagic.models.base import Row, json_field, one_of, time_field


class TaskStatus(StrEnum):
    """Where a task is in its life; a cancelled task is failed with FailureCode.CANCELLED."""

    PENDING = "pending"
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


ACTIVE_STATUSES = (TaskStatus.PENDING, TaskStatus.QUEUED, TaskStatus.PROCESSING)
IN_LINE = (TaskStatus.PENDING, TaskStatus.QUEUED)
# As text: an index of these rows only is used where a query says exactly this.
IS_RUNNING = "status IN ('pending', 'queued', 'processing')"


class StepStatus(StrEnum):
    """Where a step is."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class FailureCode(StrEnum):
    """Why a task failed."""

    TIMEOUT = "PROVIDER_TIMEOUT"
    PROVIDER = "PROVIDER_ERROR"
    REJECTED = "PROVIDER_REJECTED"
    INVALID_INPUT = "INVALID_INPUT"
    DAMAGED_FILE = "DAMAGED_FILE"
    NO_SUBJECT = "NO_SUBJECT"
    RATE_LIMITED = "PROVIDER_RATE_LIMITED"
    CANCELLED = "CANCELLED"
    WORKER_LOST = "WORKER_LOST"
    INTERNAL = "INTERNAL_ERROR"


class Task(Row, table=True):
    """One paid run of a tool (or of one step of it); the database, not the queue, knows its truth."""

    __tablename__ = "tasks"
    __table_args__ = (
        one_of("status", TaskStatus),
        sa.UniqueConstraint("user_id", "idempotency_key"),
        sa.CheckConstraint("credits_cost >= 0", name="cost_not_negative"),
        sa.Index("ix_tasks_user_id_id", "user_id", "id"),
        sa.Index("ix_tasks_tool_id_id", "tool_id", "id"),
        sa.Index("ix_tasks_running", "user_id", sqlite_where=sa.text(IS_RUNNING), postgresql_where=sa.text(IS_RUNNING)),
        sa.Index(
            "ix_tasks_unannounced",
            "finished_at",
            sqlite_where=sa.text("announced_at IS NULL"),
            postgresql_where=sa.text("announced_at IS NULL"),
        ),
        sa.Index(
            "ix_tasks_unswept",
            "finished_at",
            sqlite_where=sa.text("files_swept_at IS NULL"),
            postgresql_where=sa.text("files_swept_at IS NULL"),
        ),
    )

    user_id: str = Field(foreign_key="users.id", max_length=36)
    tool_id: str = Field(foreign_key="tools.id", max_length=36)
    step_id: str | None = Field(default=None, max_length=50)
    parent_task_id: str | None = Field(default=None, foreign_key="tasks.id", index=True, max_length=36)
    status: str = Field(default=TaskStatus.PENDING, max_length=20)
    credits_cost: int
    input: dict[str, Any] = json_field()
    output: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON, nullable=True)
    error_code: str | None = Field(default=None, max_length=50)
    error_message: str | None = Field(default=None, max_length=500)
    progress: float = 0
    current_step: str | None = Field(default=None, max_length=50)
    attempts: int = 0
    enqueues: int = 0
    lease_token: str | None = Field(default=None, max_length=36)
    leased_until: datetime | None = time_field(index=True)
    # When the clock looks at this task again; null while a worker holds its lease, and at the end.
    next_check_at: datetime | None = time_field(index=True)
    enqueued_at: datetime | None = time_field()
    queued_at: datetime | None = time_field()
    started_at: datetime | None = time_field()
    finished_at: datetime | None = time_field()
    # Null while the end of the task still has to be told to those who watch it; see the clock.
    announced_at: datetime | None = time_field()
    # Null while attempts that came to nothing may have left files behind; see worker/upkeep/leftovers.py.
    files_swept_at: datetime | None = time_field()
    deleted_at: datetime | None = time_field()
    idempotency_key: str = Field(max_length=200)
    request_hash: str = Field(max_length=64)


class TaskStep(Row, table=True):
    """One provider call of a task; the provider's job id is here before anything waits for it."""

    __tablename__ = "task_steps"
    __table_args__ = (sa.UniqueConstraint("task_id", "step_id"), one_of("status", StepStatus))

    task_id: str = Field(foreign_key="tasks.id", max_length=36)
    step_id: str = Field(max_length=50)
    position: int
    status: str = Field(default=StepStatus.PENDING, max_length=20)
    provider: str = Field(max_length=50)
    model: str | None = Field(default=None, max_length=100)
    # The queue on which its jobs wait, and how long its provider may take.
    queue: str = Field(default="ai-tasks", max_length=20)
    timeout_s: int = 600
    provider_job_id: str | None = Field(default=None, max_length=200)
    job_started_at: datetime | None = time_field()
    retries: int = 0
    request: dict[str, Any] = json_field()
    response: dict[str, Any] = json_field()
    usage: dict[str, Any] = json_field()
    error: str | None = Field(default=None, max_length=1000)
    started_at: datetime | None = time_field()
    finished_at: datetime | None = time_field()
