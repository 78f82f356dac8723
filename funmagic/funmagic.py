"""The composition root: the app, its pages and what each loads; no logic."""

from typing import Any

import reflex as rx

from admin.queues.routes import mount_queues
from funmagic import paths
from funmagic.accounts.page import login_page, register_page
from funmagic.accounts.state import SessionState
from funmagic.api import create_api
from funmagic.home.page import home_page
from funmagic.i18n.translate import _
from funmagic.site import not_found_page, show_error
from funmagic.tools.background_remove.page import background_remove_page
from funmagic.tools.background_remove.state import SLUG as BACKGROUND_REMOVE
from funmagic.tools.background_remove.state import BackgroundRemoveState
from funmagic.tools.page import tools_page
from funmagic.tools.state import CatalogueState
from funmagic.ui import theme

api = create_api()
mount_queues(api)

app = rx.App(
    stylesheets=theme.STYLESHEETS,
    head_components=theme.head_components(),
    toaster=theme.toaster(),
    extra_app_wraps=theme.EXTRA_APP_WRAPS,
    html_lang="en",
    api_transformer=api,
    backend_exception_handler=show_error,
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
    (paths.LOGIN, login_page, _("Sign in · FunMagic"), []),
    (paths.REGISTER, register_page, _("Create your account · FunMagic"), []),
)
DESCRIPTION = _("Run AI tools on your photos: pick one, see the price, watch it happen. Free credits to start with.")

for route, page, title, loads in PAGES:
    app.add_page(page, route=route, title=title, description=DESCRIPTION, on_load=[SessionState.load, *loads])
app.add_page(not_found_page, route="404", title=_("Not found · FunMagic"), on_load=SessionState.load)
