"""The composition root: the app, its pages and what each loads; no logic."""

from starlette.types import ASGIApp

from admin.pages import PAGES as DASHBOARD
from admin.queues.routes import mount_queues
from admin.routes import ROUTERS
from funmagic import paths
from funmagic.api.app import create_api
from funmagic.http.headers.middleware import AnswerHeaders
from funmagic.i18n.translate import N_
from funmagic.site.credits.state import CreditsState
from funmagic.site.frame.page import show_error
from funmagic.site.frame.state import SessionState, call_on_balance_change
from funmagic.site.pages import NOT_FOUND, PAGES
from funmagic.site.shop.success.state import SuccessState
from funmagic.tabs.app import TabApp
from funmagic.tabs.browser_errors import log_browser_error
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
    frontend_exception_handler=log_browser_error,
)

DESCRIPTION = N_("Run AI tools on your photos: pick one, see the price, watch it happen. Free credits to start with.")

EVERY_PAGE = (*PAGES, *DASHBOARD, NOT_FOUND)

for page in EVERY_PAGE:
    page.add_to(app, first=SessionState.load, description=DESCRIPTION, locale=SessionState.locale)
call_on_balance_change(paths.CREDITS, CreditsState.refresh)
call_on_balance_change(paths.CHECKOUT_SUCCESS, SuccessState.reload_payment)
