"""RQ's own dashboard as a WSGI application: on our Redis and our serializer, and safe to show what lies there."""

import re
import secrets

from flask import Flask, Response, g, request
from jinja2.ext import Extension
from redis import Redis
from redis.exceptions import RedisError
from rq import Worker
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker
from rq_dashboard import web  # type: ignore[import-untyped]
from werkzeug.exceptions import MethodNotAllowed, NotFound

from funmagic.core.redis import get_redis
from funmagic.i18n.translate import _

# What the pages show as Redis's address, which may have a password in it.
ADDRESS_SHOWN = "redis://"
# The scripts are inline, and Underscore compiles its templates: hence the nonce and `unsafe-eval`.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def make_dashboard() -> Flask:
    """The dashboard, which changes nothing unless it is asked by POST; who may ask is the caller's to check."""
    web.config.serializer = JSONSerializer
    web.Worker = _JSONWorker
    # Named so, it finds the package's templates and files.
    app = _Dashboard("rq_dashboard")
    app.config["RQ_DASHBOARD_REDIS_URL"] = (ADDRESS_SHOWN,)
    # A redirect would name the scheme, which a proxy may have changed.
    app.url_map.redirect_defaults = False
    app.jinja_env.add_extension(_SafeTemplates)
    app.register_blueprint(web.blueprint)
    app.before_request(_prepare)
    app.after_request(_add_content_security_policy)
    app.register_error_handler(RedisError, _answer_redis_away)
    app.register_error_handler(NoSuchJobError, _answer_job_gone)
    app.register_error_handler(InvalidJobOperation, _answer_job_not_failed)
    return app


class _Dashboard(Flask):
    """Always asks this process's pooled Redis: rq-dashboard would set a new one per request, without time limits."""

    @property
    def redis_conn(self) -> Redis:
        """The connection that every view uses."""
        return get_redis()

    @redis_conn.setter
    def redis_conn(self, _connection: Redis) -> None:
        """Nothing: the new connection is not wanted."""


class _JSONWorker(Worker):
    """Reads the job a worker is busy with as JSON: rq-dashboard forgets its serializer there, and fails."""

    @classmethod
    def all(cls, connection: Redis) -> list[BaseWorker]:  # type: ignore[override]
        """Every registered worker."""
        return super().all(connection=connection, serializer=JSONSerializer)


class _SafeTemplates(Extension):
    """Closes the holes through which a traceback or an address could become a script in a super admin's browser."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 - Jinja's
        """A template's source as it is to be compiled."""
        # Underscore escapes in `<%-` only; what starts with `$` is escaped already.
        source = re.sub(r"<%= (?!\$)", "<%- ", source)
        source = source.replace("'{{ queue.name }}'", "{{ queue.name|tojson }}")
        return source.replace('type="text/javascript"', 'nonce="{{ g.nonce }}"')


def _prepare() -> None:
    g.nonce = secrets.token_urlsafe(16)
    methods = (request.url_rule.methods if request.url_rule else None) or set()
    # `GET /requeue/…` would change something, and so would its HEAD.
    if request.method in ("GET", "HEAD") and "POST" in methods:
        raise MethodNotAllowed(["POST"])
    if (request.view_args or {}).get("instance_number"):
        raise NotFound  # there is one Redis, number 0
    get_redis().ping()


def _add_content_security_policy(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.format(nonce=g.nonce)
    return response


def _answer_redis_away(_error: Exception) -> Response:
    text = _("The queues cannot be shown while Redis is away. Nothing is lost: runs and credits are in the database.")
    return Response(text, 503, {"Retry-After": "5"}, mimetype="text/plain")


def _answer_job_gone(_error: Exception) -> Response:
    return Response(_("This job is no longer there."), 404, mimetype="text/plain")


def _answer_job_not_failed(_error: Exception) -> Response:
    return Response(_("Only a failed job can be queued again."), 409, mimetype="text/plain")
