"""The pages of the tools, one from each of their rooms."""

from funmagic.catalogue.registry import load_modules
from funmagic.ui.page import Page

PAGES: tuple[Page, ...] = tuple(module.PAGE for module in load_modules("page"))
