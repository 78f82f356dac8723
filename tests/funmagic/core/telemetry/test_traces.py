import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

from funmagic.api.app import create_api
from funmagic.core.settings import get_settings
from funmagic.core.telemetry.traces import configure_tracing, end_tracing, span
from tests import factories
from tests.funmagic.core.telemetry.otlp import running_collector
from tests.servers import PROJECT


@pytest.fixture
def collector(monkeypatch):
    with running_collector() as collector:
        monkeypatch.setattr(get_settings(), "otlp_endpoint", collector.url + "/")
        yield collector
        end_tracing()


def test_requests_arrive_at_the_collector_by_their_route(client, collector, alice):
    configure_tracing("web")
    factories.sign_in(client, alice)
    answer = client.get("/api/tasks/the-id?cursor=the-query")
    client.get("/healthz")
    client.get("/tools")
    end_tracing()
    [span_] = collector.spans
    assert collector.paths == {"/v1/traces"}
    assert (span_["service"], span_["name"], span_["failed"]) == ("funmagic-web", "GET /api/tasks/{task_id}", False)
    assert span_["facts"] == {
        "http.request.method": "GET",
        "http.route": "/api/tasks/{task_id}",
        "http.response.status_code": 404,
        "funmagic.request_id": answer.headers["x-request-id"],
    }
    for secret in (b"the-query", b"fm_session", client.cookies.get("fm_session").encode()):
        assert secret not in collector.raw


def test_a_defect_marks_its_span_without_the_text_of_the_error(db, collector):
    configure_tracing("web")
    api = create_api()
    api.add_api_route("/api/broken-trace", lambda: 1 / 0)
    api.router.routes.insert(0, api.router.routes.pop())
    TestClient(api, raise_server_exceptions=False).get("/api/broken-trace")
    end_tracing()
    [span_] = collector.spans
    assert (span_["failed"], span_["facts"]["http.response.status_code"]) == (True, 500)
    assert b"division" not in collector.raw


def test_a_collector_that_is_away_changes_nothing(client, monkeypatch):
    monkeypatch.setattr(get_settings(), "otlp_endpoint", "http://127.0.0.1:9")
    configure_tracing("web")
    assert client.get("/api/tools").is_success
    end_tracing()


def test_spans_lie_in_each_other(collector):
    configure_tracing("worker")
    with span("outer", {"funmagic.task_id": "1"}), span("inner"):
        pass
    end_tracing()
    inner, outer = sorted(collector.spans, key=lambda each: each["name"])
    assert inner["parent"] == outer["id"]
    assert outer["facts"] == {"funmagic.task_id": "1"}


def test_without_a_collector_nothing_that_traces_is_loaded():
    code = """
import sys, funmagic.api.app, worker.clock, worker.runs.observe
from funmagic.core.telemetry.traces import configure_tracing, span
configure_tracing("web")
with span("nothing", kind="server") as traced:
    traced.add_attributes({"a": 1})
print([name for name in sys.modules if name.startswith("opentelemetry.sdk.trace") or ".exporter" in name])
"""
    assert subprocess.check_output([sys.executable, "-c", code], cwd=PROJECT, text=True) == "[]\n"
