"""The pages of the user site, room by room."""

from funmagic.i18n.translate import N_
from funmagic.site.catalogue.pages import PAGES as CATALOGUE
from funmagic.site.credits.pages import PAGES as CREDITS
from funmagic.site.frame.page import not_found_page
from funmagic.site.home.pages import PAGES as HOME
from funmagic.site.profile.pages import PAGES as PROFILE
from funmagic.site.shop.pages import PAGES as SHOP
from funmagic.site.sign_in.pages import PAGES as SIGN_IN
from funmagic.site.tools.pages import PAGES as TOOLS
from funmagic.ui.page import Page

PAGES = (*HOME, *CATALOGUE, *TOOLS, *SIGN_IN, *PROFILE, *CREDITS, *SHOP)
NOT_FOUND = Page("404", not_found_page, N_("Not found · FunMagic"), is_indexable=False)
