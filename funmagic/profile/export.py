"""Everything that is kept of a user, in one JSON document for them to take along."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic.alias_generators import to_camel
from sqlmodel import Session, col, select

from funmagic.accounts.users import load_user
from funmagic.core.storage.current import get_storage
from funmagic.credits.service import get_balance
from funmagic.i18n.translate import _
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.models.billing import Payment
from funmagic.models.credits import CreditTransaction
from funmagic.models.tasks import Task
from funmagic.models.tools import Tool
from funmagic.models.users import Account, User, UserSession
from funmagic.sessions.viewer import Viewer

COLUMNS: dict[type[Any], tuple[str, ...]] = {
    User: ("id", "email", "name", "role", "email_verified_at", "locale", "theme", "accent", "created_at"),
    Account: ("provider", "provider_account_id", "created_at"),
    UserSession: ("id", "ip", "user_agent", "created_at", "last_seen_at", "expires_at"),
    Task: (
        *("id", "step_id", "parent_task_id", "status", "credits_cost", "input", "output", "error_code"),
        *("error_message", "created_at", "started_at", "finished_at"),
    ),
    Asset: (
        *("id", "task_id", "tool_slug", "kind", "visibility", "filename", "mime", "size", "sha256", "width", "height"),
        *("meta", "created_at", "saved_at", "published_at"),
    ),
    CreditTransaction: (
        *("id", "type", "amount", "reserved_delta", "balance_after", "reserved_after", "description", "task_id"),
        *("payment_id", "created_at"),
    ),
    Payment: (
        *("id", "status", "package_name", "amount_cents", "currency", "credits", "bonus_credits", "refunded_cents"),
        *("dispute", "created_at", "paid_at"),
    ),
}


def export_data(session: Session, viewer: Viewer) -> dict[str, Any]:
    """What is kept of the viewer, ready for JSON; the addresses of their files are good for an hour."""
    user = load_user(session, viewer)
    return {
        "exportedAt": _plain(utcnow()),
        "profile": _columns(user),
        "waysIn": [_columns(row) for row in _rows_of(session, Account, user)],
        "sessions": [_columns(row) for row in _rows_of(session, UserSession, user)],
        "credits": get_balance(session, viewer).model_dump(by_alias=True),
        "transactions": [_columns(row) for row in _rows_of(session, CreditTransaction, user)],
        "payments": [_columns(row) for row in _rows_of(session, Payment, user)],
        "tasks": _tasks(session, user),
        "assets": [_asset(row) for row in _rows_of(session, Asset, user) if _is_shown(row)],
    }


def _rows_of(session: Session, table: type[Any], user: User) -> Sequence[Any]:
    rows: Sequence[Any] = session.exec(select(table).where(table.user_id == user.id).order_by(col(table.id))).all()
    return rows


def _tasks(session: Session, user: User) -> list[dict[str, Any]]:
    slugs = {tool.id: tool.slug for tool in session.exec(select(Tool))}
    return [
        {"tool": slugs[task.tool_id], **_columns(task), "errorMessage": _(message)}
        for task in _rows_of(session, Task, user)
        for message in [task.error_message or ""]
    ]


def _is_shown(asset: Asset) -> bool:
    return asset.deleted_at is None and asset.verified_at is not None


def _asset(asset: Asset) -> dict[str, Any]:
    return {**_columns(asset), "url": get_storage().presign_get(asset.bucket, asset.storage_key)}


def _columns(row: Any) -> dict[str, Any]:
    return {to_camel(name): _plain(getattr(row, name)) for name in COLUMNS[type(row)]}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
