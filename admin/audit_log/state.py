"""The audit log in the browser."""

import json
from dataclasses import dataclass

import reflex as rx
from sqlmodel import Session

from admin.listing import PAGE, ListState, Wanted
from funmagic import paths
from funmagic.audit_log.service import Act, ActFilter, ActPage, find_emails, list_acts
from funmagic.core.db import read


@dataclass(frozen=True)
class ActRow:
    """An act as its line shows it; the addresses show all acts like it. No actor means the product or an operator."""

    id: str
    at: str
    action: str
    action_url: str
    actor: str
    actor_url: str
    subject_type: str
    subject: str
    subject_url: str
    reason: str
    details: str


class AuditLogState(ListState, rx.State):
    """The acts that this tab's admin looks at."""

    rows: list[ActRow] = []

    _path: str = paths.AUDIT_LOG
    _filter_names: tuple[str, ...] = ("action", "actor", "subject")

    async def _fill(self, wanted: Wanted) -> str | None:
        page, emails = await read(_look_up, wanted)
        self.rows = [self._row(act, emails) for act in page.acts]
        return page.next_cursor

    def _row(self, act: Act, emails: dict[str, str]) -> ActRow:
        return ActRow(
            id=act.id,
            at=act.created_at.isoformat(),
            action=act.action,
            action_url=self._address({"action": act.action}),
            actor=emails.get(act.actor_id or "", act.actor_id or ""),
            actor_url=self._address({"actor": act.actor_id or ""}),
            subject_type=act.subject_type,
            subject=emails.get(act.subject_id, act.subject_id),
            subject_url=self._address({"subject": act.subject_id}),
            reason=act.reason,
            details=json.dumps(act.details, indent=2, ensure_ascii=False) if act.details else "",
        )


def _look_up(session: Session, wanted: Wanted) -> tuple[ActPage, dict[str, str]]:
    page = list_acts(
        session, ActFilter(**wanted.filters), oldest_first=wanted.oldest_first, limit=PAGE, cursor=wanted.cursor
    )
    return page, find_emails(session, page.acts)
