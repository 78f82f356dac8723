"""What an event's handler takes: whether a tab gave that, and nothing else."""

import inspect
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from reflex_base.registry import RegistrationContext

from funmagic.tabs.errors import UnknownEvent


def check_arguments(name: str, payload: dict[str, Any]) -> None:
    """Raise UnknownEvent where the handler of this name takes other arguments, or none of these types.

    Reflex would call it all the same: a socket's nonsense would be taken for a defect of ours.
    """
    needed, kinds = _parameters(name)
    if not needed <= payload.keys() <= kinds.keys():
        raise UnknownEvent
    try:
        for parameter, value in payload.items():
            kinds[parameter].validate_python(value)
    except ValidationError:
        raise UnknownEvent from None


# As many as there are handlers: whoever asks has looked the name up.
@cache
def _parameters(name: str) -> tuple[frozenset[str], dict[str, TypeAdapter[Any]]]:
    """The names of what must be given, and the types of all that may be."""
    fn = RegistrationContext.get().event_handlers[name].handler.fn
    _state, *parameters = inspect.signature(fn, eval_str=True).parameters.values()
    needed = frozenset(each.name for each in parameters if each.default is each.empty)
    return needed, {each.name: TypeAdapter(_kind(each)) for each in parameters}


def _kind(parameter: inspect.Parameter) -> Any:
    return Any if parameter.annotation is parameter.empty else parameter.annotation
