"""The page of the catalogue."""

from funmagic import paths
from funmagic.i18n.translate import N_
from funmagic.site.catalogue.page import tools_page
from funmagic.site.catalogue.state import CatalogueState
from funmagic.ui.page import Page

PAGES = (Page(paths.TOOLS, tools_page, N_("Tools · FunMagic"), loads=(CatalogueState.load,)),)
