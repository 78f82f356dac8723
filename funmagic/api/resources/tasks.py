"""`/api/tasks/*`: start, look, follow, cancel, try again, delete; the viewer's own only."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response, status
from pydantic import AfterValidator, Field

from funmagic import paths
from funmagic.api.streams.event_stream import EventStream
from funmagic.core.db import reading, transaction
from funmagic.core.json import PAGE_LIMIT, RequestShape, Shape
from funmagic.core.live.watch import START
from funmagic.http.callers import RequiredViewer, SessionToken
from funmagic.models.base import new_id
from funmagic.models.tasks import TaskStatus
from funmagic.tasks import service
from funmagic.tasks.stream import TOLD_BY_DATABASE, follow_task_as, has_heard_the_end, may_be_an_event
from funmagic.tasks.submit import Submission, submit_task
from funmagic.tasks.views import TaskPage, TaskView

router = APIRouter(prefix=paths.API_TASKS, tags=["tasks"])


def storable_text(values: dict[str, Any]) -> dict[str, Any]:
    """The values, if all of their text can be stored; half a surrogate pair can be sent, but is no text."""
    json.dumps(values, ensure_ascii=False).encode()
    return values


class TaskRequest(RequestShape):
    """A run to start."""

    tool_slug: str = Field(max_length=80)
    step_id: str | None = Field(default=None, max_length=50)
    parent_task_id: str | None = Field(default=None, max_length=36)
    input: Annotated[dict[str, Any], AfterValidator(storable_text)] = Field(default_factory=dict)


class TaskAnswer(Shape):
    """A task."""

    task: TaskView


@router.post("", status_code=status.HTTP_201_CREATED, response_model=TaskAnswer)
def create_task(
    body: TaskRequest,
    viewer: RequiredViewer,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Hold the price and start a run; the same Idempotency-Key with the same body answers 200 with the same task."""
    submission = Submission(
        tool_slug=body.tool_slug,
        idempotency_key=idempotency_key or new_id(),
        step_id=body.step_id,
        parent_task_id=body.parent_task_id,
        input=body.input,
    )
    task, is_new = submit_task(viewer, submission)
    # Encoded here, in this thread: the framework would check the answer once more in another.
    answer = TaskAnswer(task=task).model_dump_json(by_alias=True)
    number = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(answer, number, media_type="application/json")


@router.get("")
def list_tasks(
    viewer: RequiredViewer,
    status: TaskStatus | None = None,
    tool: str | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 20,
    cursor: str | None = None,
) -> TaskPage:
    """The viewer's tasks, newest first."""
    with reading() as session:
        return service.list_tasks(session, viewer, status=status, tool_slug=tool, limit=limit, cursor=cursor)


@router.get("/{task_id}")
def get_task(task_id: str, viewer: RequiredViewer) -> TaskAnswer:
    """One task."""
    with reading() as session:
        return TaskAnswer(task=service.get_task(session, viewer, task_id))


@router.post("/{task_id}/cancel")
def cancel_task(task_id: str, viewer: RequiredViewer) -> TaskAnswer:
    """Stop a run and give its credits back."""
    with transaction() as session:
        return TaskAnswer(task=service.cancel_task(session, viewer, task_id))


@router.post("/{task_id}/retry", status_code=status.HTTP_201_CREATED)
def retry_task(task_id: str, viewer: RequiredViewer) -> TaskAnswer:
    """Run a failed task's inputs again."""
    return TaskAnswer(task=service.retry_task(viewer, task_id))


@router.delete("/{task_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_task(task_id: str, viewer: RequiredViewer) -> None:
    """Take an ended task off the list."""
    with transaction() as session:
        service.delete_task(session, viewer, task_id)


def own_task_id(task_id: str, viewer: RequiredViewer) -> str:
    """The id of a task that the viewer may follow; raises NotFound."""
    with reading() as session:
        return service.get_task(session, viewer, task_id).id


def resume_after(
    request: Request,
    last_event_id: Annotated[str, Header(description="The id of the last event that was heard.")] = "",
) -> str:
    """The event to go on from: the start, where the header is missing, given twice, or no event can have that id."""
    is_one = len(request.headers.getlist("last-event-id")) == 1
    return last_event_id if is_one and may_be_an_event(last_event_id) else START


@router.get(
    "/{task_id}/stream",
    status_code=status.HTTP_200_OK,
    response_class=EventStream,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def stream_task(
    task_id: Annotated[str, Depends(own_task_id)],
    viewer: RequiredViewer,
    after: Annotated[str, Depends(resume_after)],
    token: SessionToken = None,
) -> Response:
    """Follow a task by server-sent events; Last-Event-ID resumes, and the stream closes at the end or with the session.

    Whoever resumes after the end is answered 204, which tells an EventSource to stop asking.
    """
    if await has_heard_the_end(task_id, after):
        return Response(status_code=status.HTTP_204_NO_CONTENT)
    events = follow_task_as(viewer, token, task_id, START if after == TOLD_BY_DATABASE else after)
    # The second event shows whether Redis is there; after the headers are sent it would be too late for a 503.
    begun = [event for _ in range(2) if (event := await anext(events, None))]
    return EventStream(begun, events)
