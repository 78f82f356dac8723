"""Every operation of the HTTP API, from its OpenAPI document, and what to call each with."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from funmagic.models.base import new_id
from funmagic.sessions.viewer import Viewer
from tests.factories import PASSWORD

# What a value of this name means; other texts are "x".
TEXTS = {"password": PASSWORD, "filename": "photo.jpg", "contentType": "image/jpeg", "purpose": "tool-input"}
# What is nobody's: a tool, a provider.
NOBODYS = {"slug": "background-remove", "provider": "google"}


@dataclass(frozen=True)
class Things:
    """What somebody has, by the names that routes have for it."""

    owner: Viewer
    ids: dict[str, str]

    @property
    def nobodys(self) -> "Things":
        """The same names, and ids that nobody has."""
        return Things(self.owner, {name: new_id() for name in self.ids})


@dataclass(frozen=True)
class Operation:
    """A method and a path."""

    method: str
    path: str
    described: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def __hash__(self) -> int:
        return hash(str(self))

    @property
    def parameters(self) -> set[str]:
        """The names in its path."""
        return {part["name"] for part in self.described.get("parameters", []) if part["in"] == "path"}

    def call(self, client: TestClient, things: Things, body: Any = None, **headers: str) -> Response:
        """Ask for it, with these things' ids in its path."""
        values = NOBODYS | things.ids
        assert self.parameters <= values.keys(), f"say in this file what {self.path} speaks of"
        content = None if self.method == "GET" else (body or {})
        path = self.path.format(**values)
        return client.request(self.method, path, json=content, headers=headers, follow_redirects=False)

    def body(self, schemas: dict[str, Any], things: Things) -> dict[str, Any]:
        """A body that fits its schema, and means these things wherever it can."""
        content = self.described.get("requestBody", {}).get("content", {}).get("application/json", {})
        return _example("", content.get("schema", {}), schemas, things) or {}


def list_operations(api: FastAPI) -> list[Operation]:
    """All that the document names."""
    return [
        Operation(method.upper(), path, described)
        for path, methods in api.openapi()["paths"].items()
        for method, described in methods.items()
    ]


def _example(name: str, schema: dict[str, Any], schemas: dict[str, Any], things: Things) -> Any:
    options = schema.get("anyOf") or [schema]
    schema = next((option for option in options if option.get("type") != "null"), schema)
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        return {key: _example(key, value, schemas, things) for key, value in schema["properties"].items()}
    kinds: dict[str, Any] = {"integer": schema.get("minimum", 1), "number": 1, "boolean": True, "array": []}
    if schema.get("type", "string") == "string":
        return _text(name, things)
    return kinds.get(schema["type"], {"assetId": things.ids["asset_id"]})


def _text(name: str, things: Things) -> str:
    if name in ("email", "confirmation"):
        return things.owner.email
    if name.endswith("Id"):
        return things.ids["task_id" if "task" in name.lower() else "asset_id"]
    return "background-remove" if name == "toolSlug" else TEXTS.get(name, "x")
