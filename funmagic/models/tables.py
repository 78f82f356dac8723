"""Every table, imported so that the metadata is whole: what migrations compare with."""

from sqlmodel import SQLModel

from funmagic.models.assets import Asset
from funmagic.models.audit_log import AuditEntry
from funmagic.models.billing import CreditPackage, Payment, PaymentDispute, PaymentRefund, StripeEvent
from funmagic.models.credits import CreditAccount, CreditTransaction
from funmagic.models.leases import Lease
from funmagic.models.mails import OutgoingMail
from funmagic.models.providers import Provider
from funmagic.models.rate_limits import RateLimitSettings
from funmagic.models.tasks import Task, TaskStep
from funmagic.models.tools import Tool, ToolType
from funmagic.models.users import Account, OneTimeToken, User, UserSession

TABLES = (
    Account,
    Asset,
    AuditEntry,
    CreditAccount,
    CreditPackage,
    CreditTransaction,
    Lease,
    OneTimeToken,
    OutgoingMail,
    Payment,
    PaymentDispute,
    PaymentRefund,
    Provider,
    RateLimitSettings,
    StripeEvent,
    Task,
    TaskStep,
    Tool,
    ToolType,
    User,
    UserSession,
)
metadata = SQLModel.metadata
