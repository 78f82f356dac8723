"""The pages of the shop."""

from funmagic import paths
from funmagic.i18n.translate import N_
from funmagic.site.shop.page import pricing_page
from funmagic.site.shop.state import ShopState
from funmagic.site.shop.success.page import success_page
from funmagic.site.shop.success.state import SuccessState
from funmagic.ui.page import Page

PAGES = (
    Page(paths.PRICING, pricing_page, N_("Pricing · FunMagic"), loads=(ShopState.load,)),
    Page(
        paths.CHECKOUT_SUCCESS,
        success_page,
        N_("Your purchase · FunMagic"),
        loads=(SuccessState.load,),
        is_indexable=False,
    ),
)
