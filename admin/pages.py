"""The pages of the dashboard."""

from admin.audit_log.page import audit_log_page
from admin.audit_log.state import AuditLogState
from admin.guard import DashboardState
from funmagic import paths
from funmagic.i18n.translate import N_
from funmagic.ui.page import Page

PAGES = (
    Page(
        paths.AUDIT_LOG,
        audit_log_page,
        N_("Audit log · FunMagic"),
        guard=DashboardState.enter,
        loads=(AuditLogState.load,),
        is_indexable=False,
    ),
)
