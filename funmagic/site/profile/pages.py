"""The pages of the profile."""

from funmagic import paths
from funmagic.i18n.translate import N_
from funmagic.site.profile.page import email_page, profile_page
from funmagic.site.profile.state import ProfileState
from funmagic.site.shop.state import ShopState
from funmagic.ui.page import Page

PAGES = (
    Page(
        paths.PROFILE,
        profile_page,
        N_("Profile · FunMagic"),
        loads=(ProfileState.load, ShopState.load),
        is_indexable=False,
    ),
    Page(paths.PROFILE_EMAIL, email_page, N_("Change your email · FunMagic"), is_indexable=False),
)
