"""The page of the credits."""

from funmagic import paths
from funmagic.i18n.translate import N_
from funmagic.site.credits.page import credits_page
from funmagic.site.credits.state import CreditsState
from funmagic.ui.page import Page

PAGES = (Page(paths.CREDITS, credits_page, N_("Credits · FunMagic"), loads=(CreditsState.load,), is_indexable=False),)
