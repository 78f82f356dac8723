"""Pieces of the shop: the packages, what to say where nothing is sold, and the dialog for who has too few credits."""

import reflex as rx

from funmagic.i18n.translate import _
from funmagic.site.shop.offers import PackageCard
from funmagic.site.shop.shortage_state import ShortageState
from funmagic.site.shop.state import ShopState
from funmagic.ui.buttons import button, link_button
from funmagic.ui.dialogs import dialog
from funmagic.ui.feedback import empty_state, notice
from funmagic.ui.logo import spark
from funmagic.ui.props import Flag

SKELETONS = 3


def package_list() -> rx.Component:
    """Every package with its button; skeletons while they load, and a word when there are none."""
    return rx.cond(
        ShopState.is_loaded,
        rx.cond(
            ShopState.packages.length() > 0,
            rx.el.ul(rx.foreach(ShopState.packages, _package), class_name="packages"),
            empty_state(
                _("Nothing for sale right now"), _("There are no packages at the moment. Please come back later.")
            ),
        ),
        rx.el.div(*[_package_skeleton() for _each in range(SKELETONS)], class_name="packages", aria_hidden="true"),
    )


def closed_notice() -> rx.Component:
    """What people can do where payments are not set up."""
    return notice(
        "info",
        _(
            "Payments are not set up on this site, so credits cannot be bought here."
            " Ask an admin for some: they can add credits to your account."
        ),
    )


def shortage_dialog() -> rx.Component:
    """Opens where credits are missing: what is missing, and the package that brings it."""
    state = ShortageState
    return dialog(
        state.is_open,
        state.set_is_open,
        _("Not enough credits"),
        state.sentence,
        rx.cond(
            ~state.takes_payments,
            closed_notice(),
            rx.cond(
                state.package.id,
                _offer(),
                notice("info", _("There are no packages for sale at the moment. Please come back later.")),
            ),
        ),
        rx.el.div(
            rx.cond(
                state.takes_payments,
                link_button(
                    _("See all packages"),
                    state.shop_url,
                    variant="ghost",
                    icon_end="arrow-right",
                    on_click=state.set_is_open(False),
                ),
                button(_("Close"), variant="secondary", on_click=state.set_is_open(False)),
            ),
            class_name="shortage-foot",
        ),
        close_label=_("Close"),
        id="shortage-dialog",
    )


def _offer() -> rx.Component:
    state = ShortageState
    package = state.package
    return rx.el.div(
        rx.el.div(
            rx.el.p(package.name, class_name="offer-name"),
            _credits(package, 22),
            rx.el.p(package.price, rx.el.span(package.unit_price), class_name="offer-price"),
            class_name="offer",
        ),
        rx.cond(state.covers, rx.fragment(), notice("info", _("This is our largest package, and not quite enough."))),
        button(
            _("Buy {package} for {price}", package=package.name, price=package.price),
            size="lg",
            class_name="button-wide",
            busy=state.leaving_for != "",
            on_click=state.buy,
        ),
        rx.el.p(
            _("You pay on Stripe's page and come back here; what you chose stays where it is."),
            class_name="fineprint",
        ),
        class_name="shortage-offer",
    )


def _package(package: rx.Var[PackageCard]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.h2(package.name, class_name="package-name"),
            rx.cond(package.is_popular, rx.el.span(_("Most popular"), class_name="package-badge")),
            class_name="package-head",
        ),
        _credits(package, 30),
        rx.el.p(
            rx.icon("gift", size=16),
            package.bonus,
            class_name=rx.cond(package.bonus, "package-bonus", "package-bonus package-bonus-none"),
        ),
        rx.el.p(
            rx.el.span(package.price, class_name="package-amount"),
            rx.el.span(package.unit_price, class_name="package-unit"),
            class_name="package-price",
        ),
        _buy_button(package, is_main=package.is_popular),
        class_name=rx.cond(package.is_popular, "package package-popular", "package"),
    )


def _buy_button(package: rx.Var[PackageCard], *, is_main: Flag) -> rx.Component:
    looks = {
        "size": "lg",
        "busy": ShopState.leaving_for == package.id,
        "disabled": ~ShopState.takes_payments | (ShopState.leaving_for != ""),
        "aria_label": _("Buy {package} for {price}", package=package.name, price=package.price),
        "on_click": ShopState.buy(package.id),
    }
    label = _("Buy {package}", package=package.name)
    return rx.cond(is_main, button(label, **looks), button(label, variant="secondary", **looks))


def _credits(package: rx.Var[PackageCard], size: int) -> rx.Component:
    return rx.el.p(
        spark(size), rx.el.span(package.credits, class_name="package-count"), package.unit, class_name="package-credits"
    )


def _package_skeleton() -> rx.Component:
    return rx.el.div(
        rx.el.span(class_name="skeleton skeleton-title"),
        rx.el.span(class_name="skeleton skeleton-package"),
        rx.el.span(class_name="skeleton"),
        rx.el.span(class_name="skeleton skeleton-title"),
        rx.el.span(class_name="skeleton skeleton-button"),
        class_name="package",
    )
