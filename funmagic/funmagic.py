"""The composition root: the app, its pages and what each loads; no logic."""

from typing import Any

from starlette.types import ASGIApp

from admin.queues.routes import mount_queues
from admin.routes import ROUTERS
from funmagic import paths
from funmagic.api.app import create_api
from funmagic.http.headers.middleware import AnswerHeaders
from funmagic.i18n.translate import _
from funmagic.site.catalogue.page import tools_page
from funmagic.site.catalogue.state import CatalogueState
from funmagic.site.credits.page import credits_page
from funmagic.site.credits.state import CreditsState
from funmagic.site.frame.page import not_found_page, show_error
from funmagic.site.frame.state import SessionState, WaysInState, tell_page
from funmagic.site.home.page import home_page
from funmagic.site.profile.page import email_page, profile_page
from funmagic.site.profile.state import ProfileState
from funmagic.site.shop.page import pricing_page
from funmagic.site.shop.state import ShopState
from funmagic.site.shop.success.page import success_page
from funmagic.site.shop.success.state import SuccessState
from funmagic.site.sign_in.page import (
    forgot_password_page,
    login_page,
    register_page,
    reset_password_page,
    verify_email_page,
)
from funmagic.site.tools.background_remove.page import background_remove_page
from funmagic.site.tools.background_remove.state import SLUG as BACKGROUND_REMOVE
from funmagic.site.tools.background_remove.state import BackgroundRemoveState
from funmagic.site.tools.crystal_memory.page import crystal_memory_page
from funmagic.site.tools.crystal_memory.state import SLUG as CRYSTAL_MEMORY
from funmagic.site.tools.crystal_memory.state import CrystalMemoryState
from funmagic.site.tools.figme.page import figme_page
from funmagic.site.tools.figme.state import SLUG as FIGME
from funmagic.site.tools.figme.state import FigmeState
from funmagic.tabs.app import TabApp
from funmagic.tabs.browser_errors import note_browser_error
from funmagic.ui import theme

api = create_api(ROUTERS)
mount_queues(api)


class Site(TabApp):
    """The app, whose every answer has its headers, be it one that Reflex gives before we are asked."""

    def __call__(self) -> ASGIApp:
        """The whole product as one ASGI application."""
        return AnswerHeaders(super().__call__())


app = Site(
    stylesheets=theme.STYLESHEETS,
    head_components=theme.head_components(),
    toaster=theme.toaster(),
    extra_app_wraps=theme.EXTRA_APP_WRAPS,
    html_lang="en",
    api_transformer=api,
    backend_exception_handler=show_error,
    frontend_exception_handler=note_browser_error,
)

PAGES: tuple[tuple[str, Any, str, list[Any]], ...] = (
    (paths.HOME, home_page, _("FunMagic: a little magic for every photo"), [CatalogueState.load]),
    (paths.TOOLS, tools_page, _("Tools · FunMagic"), [CatalogueState.load]),
    (
        paths.tool(BACKGROUND_REMOVE),
        background_remove_page,
        _("Background Remove · FunMagic"),
        [BackgroundRemoveState.load],
    ),
    (paths.tool(FIGME), figme_page, _("FigMe · FunMagic"), [FigmeState.load]),
    (paths.tool(CRYSTAL_MEMORY), crystal_memory_page, _("Crystal Memory · FunMagic"), [CrystalMemoryState.load]),
    (paths.LOGIN, login_page, _("Sign in · FunMagic"), [WaysInState.load]),
    (paths.REGISTER, register_page, _("Create your account · FunMagic"), [WaysInState.load]),
    (paths.FORGOT_PASSWORD, forgot_password_page, _("Forgot your password? · FunMagic"), []),
    (paths.RESET_PASSWORD, reset_password_page, _("Choose a new password · FunMagic"), []),
    (paths.VERIFY_EMAIL, verify_email_page, _("Confirm your email · FunMagic"), []),
    (paths.PROFILE, profile_page, _("Profile · FunMagic"), [ProfileState.load, ShopState.load]),
    (paths.PROFILE_EMAIL, email_page, _("Change your email · FunMagic"), []),
    (paths.CREDITS, credits_page, _("Credits · FunMagic"), [CreditsState.load]),
    (paths.PRICING, pricing_page, _("Pricing · FunMagic"), [ShopState.load]),
    (paths.CHECKOUT_SUCCESS, success_page, _("Your purchase · FunMagic"), [SuccessState.load]),
)
DESCRIPTION = _("Run AI tools on your photos: pick one, see the price, watch it happen. Free credits to start with.")

NO_REFERRER = ({"name": "referrer", "content": "no-referrer"},)

for route, page, title, loads in PAGES:
    app.add_page(
        page,
        route=route,
        title=title,
        description=DESCRIPTION,
        meta=NO_REFERRER if route in paths.SECRET_PAGES else (),
        on_load=[SessionState.load, *loads],
    )
tell_page(paths.CREDITS, CreditsState.refresh)
tell_page(paths.CHECKOUT_SUCCESS, SuccessState.look_again)
app.add_page(not_found_page, route="404", title=_("Not found · FunMagic"), on_load=SessionState.load)
