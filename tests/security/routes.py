"""Every operation of the API there is, and how to call one as any browser may."""

from fastapi import FastAPI
from fastapi.testclient import TestClient

from funmagic.funmagic import api as composed
from tests.security.operations import Operation, list_operations

OPERATIONS = list_operations(composed)
SCHEMAS = composed.openapi()["components"]["schemas"]
# Whoever calls these may be anybody. Everything else must answer 401 to a visitor.
PUBLIC = {
    "POST /api/auth/sign-up": "makes an account",
    "POST /api/auth/sign-in": "takes a password",
    "POST /api/auth/sign-out": "has nothing to end without a session",
    "GET /api/auth/session": "says who is signed in: nobody",
    "POST /api/auth/magic-link": "mails a link",
    "GET /api/auth/magic-link/verify": "shows the page that a mailed link leads to",
    "POST /api/auth/magic-link/verify": "takes the secret of a mailed link",
    "POST /api/auth/verify-email": "takes the secret of a mailed link",
    "POST /api/auth/forgot-password": "mails a link",
    "POST /api/auth/reset-password": "takes the secret of a mailed link",
    "GET /api/auth/oauth/{provider}": "leads to the provider",
    "GET /api/auth/oauth/{provider}/callback": "takes what the provider vouches for",
    "POST /api/auth/oauth/{provider}/callback": "takes what the provider vouches for",
    "POST /api/profile/email/confirm": "takes the secret of a mailed link",
    "GET /api/tools": "the catalogue",
    "GET /api/tools/{slug}": "the catalogue",
    "GET /api/tool-types": "the catalogue",
    "GET /api/banners": "what the home page shows",
    "GET /api/credits/packages": "the prices",
}
# What answers and is not in the document, and what a visitor who is not on this machine gets to see of it.
UNDOCUMENTED = {
    ("/api/openapi.json", "GET /api/openapi.json"): 200,
    ("/api/docs", "GET /api/docs"): 200,
    ("/api/docs/files", "GET /api/docs/files/swagger-ui.css"): 200,
    ("/api/{path:path}", "GET /api/nothing"): 404,
    # Nothing is believed without a secret to check its signature with.
    ("/api/webhooks/stripe", "POST /api/webhooks/stripe"): 503,
    ("/healthz", "GET /healthz"): 200,
    ("/readyz", "GET /readyz"): 200,
    ("/metrics", "GET /metrics"): 401,
    ("/storage/{bucket}/{key:path}", "GET /storage/funmagic-private/inputs/x"): 403,
    ("/storage/{bucket}/{key:path}", "PUT /storage/funmagic-private/inputs/x"): 403,
    ("/dev/mailbox", "GET /dev/mailbox"): 404,
    ("/dev/mailbox.json", "GET /dev/mailbox.json"): 404,
    ("/dashboard/queues", "GET /dashboard/queues"): 401,
    ("/dashboard/queues", "POST /dashboard/queues/job/x/delete"): 401,
}


def browser(api: FastAPI = composed) -> TestClient:
    return TestClient(api, base_url="http://localhost:3999")


def protected() -> list[Operation]:
    return [operation for operation in OPERATIONS if str(operation) not in PUBLIC]
