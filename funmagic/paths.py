"""The addresses that more than one module names, by their names; routes below them are named where they are served."""

from urllib.parse import urlencode

HOME = "/"
TOOLS = "/tools"
LOGIN = "/login"
REGISTER = "/register"
FORGOT_PASSWORD = "/forgot-password"
RESET_PASSWORD = "/reset-password"
VERIFY_EMAIL = "/verify-email"
PROFILE = "/profile"
CREDITS = "/credits"
PRICING = "/pricing"
CHECKOUT_SUCCESS = "/checkout/success"
PROFILE_EMAIL = "/profile/email"
MAILBOX = "/dev/mailbox"
MAILBOX_JSON = "/dev/mailbox.json"
STORAGE = "/storage"
AUDIT_LOG = "/dashboard/audit-log"
QUEUES = "/dashboard/queues"

API = "/api"
API_AUTH = "/api/auth/"
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
API_SESSIONS = "/api/auth/sessions"
API_PROFILE = "/api/profile"
API_PROFILE_EXPORT = "/api/profile/export"
API_PROFILE_AVATAR = "/api/profile/avatar"
API_PROFILE_PASSWORD = "/api/profile/password"
API_PROFILE_EMAIL = "/api/profile/email"
API_PROFILE_EMAIL_CONFIRM = "/api/profile/email/confirm"
API_CREDITS = "/api/credits"
API_CREDITS_EXPORT = "/api/credits/transactions.csv"
API_BILLING = "/api/billing"
API_STRIPE_WEBHOOK = "/api/webhooks/stripe"
API_UPLOAD = "/api/upload"
API_TASKS = "/api/tasks"
API_ADMIN_SETTINGS = "/api/admin/settings"
API_ADMIN_BILLING = "/api/admin/billing"
API_ADMIN_AUDIT_LOG = "/api/admin/audit-log"
API_DOCS = "/api/docs"
API_DOCS_FILES = "/api/docs/files"
API_OPENAPI = "/api/openapi.json"

# Their addresses hold secrets, which no other site may read in a Referer.
SECRET_PAGES = frozenset({RESET_PASSWORD, VERIFY_EMAIL, PROFILE_EMAIL})


def is_secret(path: str) -> bool:
    """Whether a page whose address holds a secret answers there."""
    return path.removesuffix("index.html").removesuffix(".html").rstrip("/") in SECRET_PAGES


def tool(slug: str, task_id: str | None = None) -> str:
    """A tool's page, showing a task when one is given."""
    return f"{TOOLS}/{slug}" + (f"?task={task_id}" if task_id else "")


def pricing(back_to: str = "") -> str:
    """The shop, which leads the buyer back to a page of ours when one is given."""
    return PRICING + (f"?{urlencode({'next': back_to}, safe='/')}" if back_to else "")


def oauth_callback(provider: str) -> str:
    """Where a provider sends people back to; providers must be told it."""
    return f"{API_OAUTH}/{provider}/callback"


def asset_download(asset_id: str) -> str:
    """Where an asset is downloaded from: a redirect to a presigned address."""
    return f"{API}/assets/{asset_id}/download"
