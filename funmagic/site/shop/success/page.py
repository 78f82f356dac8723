"""The page that buyers come back to from Stripe: what they have now, or what it still waits for."""

import reflex as rx

from funmagic import paths
from funmagic.i18n.translate import _
from funmagic.models.billing import PaymentStatus
from funmagic.site.frame.page import site_page
from funmagic.site.frame.state import SessionState
from funmagic.site.shop.success.state import SuccessState
from funmagic.ui.account import credits_to_spend
from funmagic.ui.buttons import link_button
from funmagic.ui.feedback import notice, skeleton
from funmagic.ui.layout import container
from funmagic.ui.logo import spark
from funmagic.ui.props import Node, Text

State = SuccessState


def success_page() -> rx.Component:
    """One purchase of the viewer's own; a visitor is on their way to the sign-in page."""
    return site_page(
        container(
            rx.el.div(
                rx.match(
                    State.phase,
                    ("loading", _loading()),
                    (PaymentStatus.PAID.value, _paid()),
                    (PaymentStatus.OPEN.value, _waiting()),
                    (PaymentStatus.PENDING.value, _pending()),
                    (PaymentStatus.FAILED.value, _failed()),
                    (PaymentStatus.EXPIRED.value, _expired()),
                    _unknown(),
                ),
                role="status",
                class_name="outcome",
                custom_attrs={"data-payment": State.phase},
            ),
            class_name="lonely",
        ),
    )


def _paid() -> rx.Component:
    return rx.fragment(
        rx.el.span(spark(34), class_name="outcome-icon outcome-icon-paid"),
        _words(_("Thank you! Your credits are here"), ""),
        rx.el.p(
            rx.el.span(SessionState.available, class_name="outcome-balance"),
            rx.el.span(credits_to_spend(SessionState.available), class_name="outcome-unit"),
            class_name="outcome-credits",
        ),
        _receipt(),
        rx.cond(
            State.purchase.refunded,
            notice("info", _("{amount} of this purchase went back to you since.", amount=State.purchase.refunded)),
        ),
        _ways_on(),
    )


def _waiting() -> rx.Component:
    return rx.fragment(
        rx.el.span(rx.el.span(class_name="spinner", aria_hidden="true"), class_name="outcome-icon"),
        _words(
            _("Waiting for the payment to be confirmed …"),
            _("This takes a few seconds. You can close the page: your credits come by themselves."),
        ),
        _away(),
        _receipt(),
        _ways_on(),
    )


def _pending() -> rx.Component:
    return rx.fragment(
        _icon("landmark"),
        _words(
            _("Your payment is on its way"),
            _("With a bank transfer it takes up to a few days. Your credits come by themselves, and we mail you then."),
        ),
        _away(),
        _receipt(),
        _ways_on(),
    )


def _failed() -> rx.Component:
    return rx.fragment(
        _icon("circle-alert", "outcome-icon-failed"),
        _words(
            _("The payment did not go through"),
            _("No credits were added. If money has left your account, it comes back to you."),
        ),
        _receipt(),
        _try_again(),
    )


def _expired() -> rx.Component:
    return rx.fragment(
        _icon("hourglass"),
        _words(_("This checkout has expired"), _("Nothing was charged, and no credits were added.")),
        _try_again(),
    )


def _unknown() -> rx.Component:
    return rx.fragment(
        _icon("compass"),
        _words(
            _("We could not find that purchase"),
            _("The address may be mistyped, or you may have bought with another account."),
        ),
        rx.el.div(
            link_button(_("See your credits"), paths.CREDITS),
            link_button(_("See the packages"), paths.PRICING, variant="secondary"),
            class_name="actions",
        ),
    )


def _loading() -> rx.Component:
    return rx.fragment(
        rx.el.h1(_("Your purchase"), class_name="visually-hidden"),
        skeleton("title", width="100%"),
        skeleton("text", count=2, width="100%"),
    )


def _words(title: Text, text: Text) -> rx.Component:
    return rx.fragment(
        rx.el.h1(title, class_name="outcome-title"), *([rx.el.p(text, class_name="outcome-text")] if text else [])
    )


def _receipt() -> rx.Component:
    return rx.el.dl(
        _line(_("Package"), State.purchase.package),
        _line(_("Credits"), State.purchase.credits),
        _line(_("Price"), State.purchase.price),
        class_name="receipt",
    )


def _line(term: str, value: Node) -> rx.Component:
    return rx.el.div(rx.el.dt(term), rx.el.dd(value), class_name="receipt-line")


def _away() -> rx.Component:
    return rx.cond(
        State.is_stripe_away,
        notice(
            "warning",
            _("We cannot reach our payment partner at the moment. Nothing is lost; we go on trying by ourselves."),
        ),
    )


def _ways_on() -> rx.Component:
    return rx.el.div(
        rx.cond(
            State.purchase.back_url,
            link_button(_("Back to what you were doing"), State.purchase.back_url),
            link_button(_("See the tools"), paths.TOOLS),
        ),
        link_button(_("See your credits"), paths.CREDITS, variant="secondary"),
        class_name="actions",
    )


def _try_again() -> rx.Component:
    return rx.el.div(
        link_button(_("Try again"), State.shop_url, icon="rotate-ccw"),
        link_button(_("See your credits"), paths.CREDITS, variant="secondary"),
        class_name="actions",
    )


def _icon(name: str, class_name: str = "") -> rx.Component:
    return rx.el.span(rx.icon(name, size=30), class_name=f"outcome-icon {class_name}".strip())
