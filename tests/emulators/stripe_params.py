"""The parameters of a request to Stripe: read from its form as Stripe does, and held against the SDK's own types.

So what the SDK of this version does not know is refused here, as the API of that version would.
"""

import sys
import types
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from stripe import RequestOptions
from typing_extensions import is_typeddict

MOST_METADATA = 50
LONGEST_KEY = 40
LONGEST_VALUE = 500


class Refusal(Exception):
    """An answer of Stripe's that says no, and why."""

    def __init__(
        self, message: str, code: str = "", param: str = "", status: int = 400, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": kind, "message": message}
        if code:
            self.error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
        if param:
            self.error["param"] = param


def missing(kind: str, object_id: str, param: str = "id", status: int = 404) -> Refusal:
    """The refusal of an object that there is not."""
    return Refusal(f"No such {kind}: '{object_id}'", "resource_missing", param, status)


def read_form(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Nested parameters from names like `line_items[0][quantity]` and `expand[]`."""
    read: dict[str, Any] = {}
    for name, value in pairs:
        path = name.replace("]", "").split("[")
        place = read
        for step in path[:-1]:
            place = place.setdefault(step or str(len(place)), {})
            if not isinstance(place, dict):
                raise Refusal(f"Invalid parameter: {name}", "parameter_invalid", name)
        place[path[-1] or str(len(place))] = value
    return {name: _with_lists(name, value) for name, value in read.items()}


def check(params: dict[str, Any], known: type) -> None:
    """Refuse parameters that the SDK's type of them does not have, or whose values are of another type."""
    _check_hash(params, known, "")


def whole_number(value: str, name: str, least: int = 0) -> int:
    """The number that a parameter says."""
    if not value.lstrip("-").isdecimal():
        raise Refusal(f"Invalid integer: {value}", "parameter_invalid_integer", name)
    if int(value) < least:
        raise Refusal(f"This value must be greater than or equal to {least}.", "parameter_invalid_integer", name)
    return int(value)


def merge_metadata(old: dict[str, str], new: dict[str, str] | str) -> dict[str, str]:
    """Metadata after an update: an empty value unsets its key, and an empty whole unsets all."""
    return {key: value for key, value in (old | new).items() if value != ""} if isinstance(new, dict) else {}


def _with_lists(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _with_lists(key, part) for key, part in value.items()}
    is_list = name != "metadata" and all(key.isdecimal() for key in inner)
    return [inner[key] for key in sorted(inner, key=int)] if is_list else inner


@lru_cache
def _hints(known: type) -> dict[str, Any]:
    own = {name: hint for name, hint in known.__annotations__.items() if name not in RequestOptions.__annotations__}
    # Some hold the SDK's options of a request too, whose types only a type checker can read.
    return get_type_hints(types.SimpleNamespace(__annotations__=own), vars(sys.modules[known.__module__]))


def _check_hash(params: Any, known: type, path: str) -> None:
    if not isinstance(params, dict):
        raise Refusal("Invalid object", "parameter_invalid", path)
    hints = _hints(known)
    for name, value in params.items():
        full = f"{path}[{name}]" if path else name
        if name not in hints:
            raise Refusal(f"Received unknown parameter: {full}", "parameter_unknown", full)
        _check_value(value, list(_parts(hints[name])), full)
    for name in known.__required_keys__ - params.keys():
        full = f"{path}[{name}]" if path else name
        raise Refusal(f"Missing required param: {full}.", "parameter_missing", full)


def _check_value(value: Any, parts: list[Any], name: str) -> None:
    words = [word for part in parts if get_origin(part) is Literal for word in get_args(part)]
    if value == "" and "" in words:
        return
    if value == "":
        message = f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a "
        raise Refusal(f"{message}parameter; however '{name}' cannot be unset.", "parameter_invalid_empty", name)
    first = next((part for part in parts if get_origin(part) is not Literal), str)
    if is_typeddict(first):
        _check_hash(value, first, name)
    elif get_origin(first) is list:
        if not isinstance(value, list):
            raise Refusal("Invalid array", "parameter_invalid", name)
        for number, item in enumerate(value):
            _check_value(item, list(_parts(get_args(first)[0])), f"{name}[{number}]")
    elif get_origin(first) is dict or first is dict:
        _check_metadata(value, name)
    else:
        _check_word(value, first, [word for word in words if word], name)


def _check_word(value: Any, kind: Any, named: list[str], name: str) -> None:
    if not isinstance(value, str):
        raise Refusal(f"Invalid string: {value}", "parameter_invalid_string", name)
    if kind is int and value not in named:
        whole_number(value, name, least=-sys.maxsize)
    if kind is bool and value not in ("true", "false", *named):
        raise Refusal(f"Invalid boolean: {value}", "parameter_invalid", name)
    if kind is str and named and value not in named:
        raise Refusal(f"Invalid {name}: must be one of {', '.join(named)}", "parameter_invalid", name)


def _check_metadata(value: Any, name: str) -> None:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise Refusal("Invalid object", "parameter_invalid", name)
    if len(value) > MOST_METADATA:
        raise Refusal(f"Metadata can have at most {MOST_METADATA} keys.", "parameter_invalid", name)
    for key, text in value.items():
        if len(key) > LONGEST_KEY or len(text) > LONGEST_VALUE:
            message = f"Metadata keys have at most {LONGEST_KEY} characters, values {LONGEST_VALUE}."
            raise Refusal(message, "parameter_invalid", f"{name}[{key}]")


def _parts(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        for part in get_args(hint):
            yield from _parts(part)
    else:
        yield hint
