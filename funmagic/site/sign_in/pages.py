"""The pages on which people come in."""

from funmagic import paths
from funmagic.i18n.translate import N_
from funmagic.site.frame.state import WaysInState
from funmagic.site.sign_in.page import (
    forgot_password_page,
    login_page,
    register_page,
    reset_password_page,
    verify_email_page,
)
from funmagic.ui.page import Page

PAGES = (
    Page(paths.LOGIN, login_page, N_("Sign in · FunMagic"), loads=(WaysInState.load,)),
    Page(paths.REGISTER, register_page, N_("Create your account · FunMagic"), loads=(WaysInState.load,)),
    Page(paths.FORGOT_PASSWORD, forgot_password_page, N_("Forgot your password? · FunMagic")),
    Page(paths.RESET_PASSWORD, reset_password_page, N_("Choose a new password · FunMagic"), is_indexable=False),
    Page(paths.VERIFY_EMAIL, verify_email_page, N_("Confirm your email · FunMagic"), is_indexable=False),
)
