"""The events of OpenAI's Responses API when its image tool is used, in the order in which they come."""

from typing import Any


def response_events(
    request_id: str, asked: dict[str, Any], picture: str, previews: list[str], *, failure: str | None = None
) -> list[dict[str, Any]]:
    """Every event from `response.created` to `response.completed`; the picture is in the done item and at the end.

    With a failure's code, it comes when the picture should: as an event, which the SDK does not raise.
    """
    text = "Here it is."
    response = {
        "id": f"resp_{request_id}",
        "object": "response",
        "created_at": 0,
        "model": asked["model"],
        "status": "in_progress",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": asked.get("tool_choice", "auto"),
        "tools": asked.get("tools", []),
        "previous_response_id": asked.get("previous_response_id"),
    }
    call = {"id": f"ig_{request_id}", "type": "image_generation_call", "status": "in_progress"}
    done = {**call, "status": "completed", "result": picture, "revised_prompt": "as asked"}
    said = {"type": "output_text", "text": text, "annotations": []}
    message = {"id": f"msg_{request_id}", "type": "message", "role": "assistant", "status": "completed"}
    usage = {
        "input_tokens": 350,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 1080,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 1430,
    }
    complete = {
        **response,
        "status": "completed",
        "output": [done, {**message, "content": [said]}],
        "usage": usage,
    }
    of_call = {"item_id": call["id"], "output_index": 0}
    of_text = {"item_id": message["id"], "output_index": 1, "content_index": 0}
    tool = "response.image_generation_call"
    events = [
        {"type": "response.created", "response": response},
        {"type": "response.in_progress", "response": response},
        {"type": "response.output_item.added", "output_index": 0, "item": call},
        {"type": f"{tool}.in_progress", **of_call},
        {"type": f"{tool}.generating", **of_call},
        *(
            {"type": f"{tool}.partial_image", **of_call, "partial_image_b64": preview, "partial_image_index": index}
            for index, preview in enumerate(previews)
        ),
        {"type": f"{tool}.completed", **of_call},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.output_item.added", "output_index": 1, "item": {**message, "content": []}},
        {"type": "response.content_part.added", **of_text, "part": {**said, "text": ""}},
        {"type": "response.output_text.delta", **of_text, "delta": text, "logprobs": []},
        {"type": "response.output_text.done", **of_text, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **of_text, "part": said},
        {"type": "response.output_item.done", "output_index": 1, "item": {**message, "content": [said]}},
        {"type": "response.completed", "response": complete},
    ]
    if failure is not None:
        broken = {**response, "status": "failed", "error": {"code": failure, "message": "It broke"}}
        events[5 + len(previews) :] = [{"type": "response.failed", "response": broken}]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]
