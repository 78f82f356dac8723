"""Background Remove: what it is, and the runner in it."""

import reflex as rx

from funmagic import paths
from funmagic.i18n.translate import N_, _
from funmagic.site.runner.components import new_photo_button, result_facts, working_stage
from funmagic.site.runner.page import runner_page
from funmagic.site.tools.background_remove.state import BackgroundRemoveState
from funmagic.site.tools.background_remove.tool import KIND, REMOVE
from funmagic.ui.page import Page
from funmagic.ui.stage import result_bar, stage_frame
from funmagic.ui.wrapped.photos.before_after import before_after

State = BackgroundRemoveState


def background_remove_page() -> rx.Component:
    """The stage with the photo on it, and beside it the words and the button that names its price."""
    return runner_page(
        State,
        slug=KIND.name,
        run_label=_("Remove background"),
        download_label=_("Download PNG"),
        working=working_stage(State, titles={REMOVE.id: _("Removing the background")}),
        result=_result_stage(),
    )


def _result_stage() -> rx.Component:
    return stage_frame(
        before_after(
            before=State.source_url,
            after=State.result.url,
            before_label=_("Before"),
            after_label=_("After"),
            slider_label=_("Compare before and after"),
        ),
        result_bar(
            new_photo_button(State),
            result_facts(State),
        ),
    )


PAGE = Page(
    paths.tool(KIND.name), background_remove_page, N_("Background Remove · FunMagic"), (BackgroundRemoveState.load,)
)
