"""The audit log: what was done with an admin's rights, by whom, to what, and why."""

import reflex as rx

from admin.audit_log.state import ActRow, AuditLogState
from admin.components import cell, data_table, filter_form, paged_list
from admin.layout import dashboard_page
from funmagic import paths
from funmagic.i18n.translate import _
from funmagic.ui.buttons import page_link
from funmagic.ui.texts.times import local_time

State = AuditLogState


def audit_log_page() -> rx.Component:
    """Every act, a page at a time; whatever stands in a line leads to all acts like it."""
    headings = [_("When"), _("Who"), _("What"), _("To what"), _("Why"), _("Details")]
    return dashboard_page(
        _("Audit log"),
        _("What admins, operators and FunMagic itself did. Entries are only ever added."),
        filter_form(
            State,
            paths.AUDIT_LOG,
            [
                ("action", _("Action"), _("How its name begins, like credits")),
                ("actor", _("Done by"), _("An email or an id")),
                ("subject", _("Done to"), _("An id, or somebody's email")),
            ],
        ),
        paged_list(
            State,
            paths.AUDIT_LOG,
            data_table(_("Audit log"), headings, rx.foreach(State.rows, _row)),
            is_empty=State.rows.length() == 0,
        ),
        current=paths.AUDIT_LOG,
    )


def _row(act: rx.Var[ActRow]) -> rx.Component:
    return rx.el.tr(
        cell(_("When"), local_time(act.at)),
        cell(
            _("Who"),
            rx.cond(act.actor, _link(act.actor, act.actor_url), rx.el.span(_("FunMagic"), class_name="cell-soft")),
        ),
        cell(_("What"), _link(act.action, act.action_url)),
        cell(
            _("To what"),
            rx.el.span(act.subject_type, class_name="cell-soft"),
            _link(act.subject, act.subject_url),
        ),
        cell(_("Why"), act.reason),
        cell(_("Details"), rx.cond(act.details, _details(act.details))),
        key=act.id,
    )


def _link(text: rx.Var[str], href: rx.Var[str]) -> rx.Component:
    return page_link(text, href=href, class_name="link cell-link")


def _details(text: rx.Var[str]) -> rx.Component:
    return rx.el.details(
        rx.el.summary(_("Show"), class_name="link"),
        rx.el.pre(text, tab_index=0, class_name="cell-details"),
    )
