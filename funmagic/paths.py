"""Every URL of the product, named."""

HOME = "/"
TOOLS = "/tools"
LOGIN = "/login"
REGISTER = "/register"
FORGOT_PASSWORD = "/forgot-password"
RESET_PASSWORD = "/reset-password"
VERIFY_EMAIL = "/verify-email"
PROFILE = "/profile"
MAILBOX = "/dev/mailbox"
STORAGE = "/storage"
QUEUES = "/dashboard/queues"

API = "/api"
API_SIGN_UP = "/api/auth/sign-up"
API_SIGN_IN = "/api/auth/sign-in"
API_SIGN_OUT = "/api/auth/sign-out"
API_SESSION = "/api/auth/session"
API_MAGIC_LINK = "/api/auth/magic-link"
API_MAGIC_LINK_VERIFY = "/api/auth/magic-link/verify"
API_VERIFY_EMAIL = "/api/auth/verify-email"
API_RESEND_VERIFICATION = "/api/auth/verify-email/resend"
API_FORGOT_PASSWORD = "/api/auth/forgot-password"
API_RESET_PASSWORD = "/api/auth/reset-password"
API_OAUTH = "/api/auth/oauth"
API_PROFILE = "/api/profile"
API_DOCS = "/api/docs"
API_DOCS_FILES = "/api/docs/files"
API_OPENAPI = "/api/openapi.json"


def tool(slug: str, task_id: str | None = None) -> str:
    """A tool's page, showing a task when one is given."""
    return f"{TOOLS}/{slug}" + (f"?task={task_id}" if task_id else "")


def asset_download(asset_id: str) -> str:
    """Where an asset is downloaded from: a redirect to a presigned address."""
    return f"{API}/assets/{asset_id}/download"
