"""Our own receipt: mailed once for each payment, in words, however many mails the buyer had already."""

from funmagic.core.db import transaction
from funmagic.mail.service import MailKind, send_mail
from funmagic.models.base import utcnow
from funmagic.models.users import User


def test_a_receipt_says_what_was_bought(shop, mailbox, alice):
    payment = shop.buy(alice)
    (mail,) = mailbox.messages(alice.email)
    assert mail["subject"] == "Your receipt from FunMagic: 330 credits"
    for words in ("Creator", "$24.99", "330 credits to your account", payment.id, "Alice"):
        assert words in mail["text"]
    assert "http://localhost:3999/credits" in mail["text"]


def test_a_receipt_comes_once_however_often_stripe_tells(shop, mailbox, alice):
    shop.buy(alice)
    for event in list(shop.stripe.events):
        shop.stripe.webhooks.deliver(event["id"])
    assert len(mailbox.messages()) == 1


def test_no_receipt_before_the_money_is_there(shop, mailbox, alice):
    payment = shop.open(alice)
    shop.stripe.pay_later(payment.stripe_session_id)
    shop.deliver()
    assert mailbox.messages() == []
    shop.stripe.settle(payment.stripe_session_id)
    shop.deliver()
    assert len(mailbox.messages()) == 1


def test_receipts_are_not_counted_among_the_mails_of_an_address(shop, mailbox, alice):
    for _ in range(5):
        shop.buy(alice, "Starter")
    with transaction() as session:
        for number in range(5):
            link = f"http://localhost:3999/{number}"
            send_mail(session, MailKind.NO_ACCOUNT, alice.email, link=link, email=alice.email)
    shop.buy(alice)
    subjects = [mail["subject"] for mail in mailbox.messages(alice.email)]
    assert sum("receipt" in subject for subject in subjects) == 6
    assert len(subjects) == 9


def test_nobody_is_mailed_who_has_left(shop, mailbox, alice):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    with transaction() as session:
        session.get_one(User, alice.id).deleted_at = utcnow()
    shop.deliver()
    assert mailbox.messages() == []
