"""The front page."""

from funmagic import paths
from funmagic.i18n.translate import N_
from funmagic.site.catalogue.state import CatalogueState
from funmagic.site.home.page import home_page
from funmagic.ui.page import Page

PAGES = (Page(paths.HOME, home_page, N_("FunMagic: a little magic for every photo"), loads=(CatalogueState.load,)),)
