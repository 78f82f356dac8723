"""The routers of the dashboard's API, one for each of its rooms."""

from admin.audit_log.routes import router as audit_log
from admin.credits.routes import router as credit_corrections
from admin.payments.routes import router as payments
from admin.rate_limits.routes import router as rate_limits

ROUTERS = (audit_log, credit_corrections, payments, rate_limits)
