"""Every event handler there is, from Reflex's own registry, and what to call each with."""

import inspect
from dataclasses import dataclass
from typing import Any

from reflex_base.registry import RegistrationContext

OURS = ("funmagic", "admin")


@dataclass(frozen=True)
class Handler:
    """One endpoint of the websocket."""

    event: str
    state: type
    name: str
    parameters: tuple[inspect.Parameter, ...]

    def __str__(self) -> str:
        return f"{self.state.__module__}.{self.state.__name__}.{self.name}"

    @property
    def names(self) -> set[str]:
        """How it may be called in a list: by its state, or by a class that its state is made of."""
        return {f"{part.__name__}.{self.name}" for part in self.state.__mro__}

    @property
    def is_for_admins(self) -> bool:
        """Whether it belongs to the dashboard."""
        return self.state.__module__.partition(".")[0] == "admin"

    def payloads(self, words: list[str]) -> list[dict[str, Any]]:
        """Payloads to call it with: one for each word, and one word for every text."""
        if not self.parameters:
            return [{}]
        payloads = [{parameter.name: _value(parameter, word) for parameter in self.parameters} for word in words]
        return [payload for number, payload in enumerate(payloads) if payload not in payloads[:number]]


def find_handlers(*rooms: str) -> list[Handler]:
    """The handlers of the states that these modules, and those below them, define."""
    registered = RegistrationContext.get().event_handlers
    found = [_describe(event, entry.states[-1], entry.handler.fn) for event, entry in sorted(registered.items())]
    return [handler for handler in found if _is_in(handler.state.__module__, rooms)]


def _is_in(module: str, rooms: tuple[str, ...]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def _describe(event: str, state: type, fn: Any) -> Handler:
    parameters = list(inspect.signature(fn, eval_str=True).parameters.values())[1:]
    return Handler(event, state, event.rpartition(".")[2], tuple(parameters))


def _value(parameter: inspect.Parameter, word: str) -> Any:
    form = {"id": word, "name": "photo.jpg", "type": "image/jpeg", "size": 1000, "role": "super_admin", "credits": 999}
    values: dict[Any, Any] = {str: word, bool: True, int: 1, float: 0.5, dict: form, list: [word], Any: word}
    kind = getattr(parameter.annotation, "__origin__", parameter.annotation)
    assert kind in values, f"say here what to call a handler with whose parameter is {parameter}"
    return values[kind]
