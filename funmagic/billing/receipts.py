"""Our own receipt, mailed once what was bought is in the account."""

from babel.dates import format_date
from sqlmodel import Session

from funmagic import paths
from funmagic.core.links import public_url
from funmagic.core.money import format_price
from funmagic.i18n.translate import use_locale
from funmagic.mail.service import MailKind, send_mail
from funmagic.models.base import utcnow
from funmagic.models.billing import Payment
from funmagic.models.users import User


def mail_receipt(session: Session, payment: Payment) -> None:
    """Mail the buyer what they paid for, in their language, unless they deleted their account."""
    buyer = session.get_one(User, payment.user_id)
    if buyer.deleted_at is not None:
        return
    with use_locale(buyer.locale):
        price = format_price(payment.amount_cents, payment.currency)
    send_mail(
        session,
        MailKind.RECEIPT,
        buyer.email,
        locale=buyer.locale,
        name=buyer.name,
        package=payment.package_name,
        price=price,
        date=format_date(payment.paid_at or utcnow(), locale=buyer.locale),
        credits=str(payment.credits + payment.bonus_credits),
        number=payment.id,
        link=public_url(paths.CREDITS),
    )
