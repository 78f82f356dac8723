"""Crystal Memory: what it is, and the runner in it."""

import reflex as rx

from funmagic import paths
from funmagic.i18n.translate import N_, _
from funmagic.site.runner.components import new_photo_button, result_facts, working_stage
from funmagic.site.runner.page import runner_page
from funmagic.site.tools.crystal_memory.state import CrystalMemoryState
from funmagic.site.tools.crystal_memory.tool import CLOUD, CUT_OUT, KIND
from funmagic.ui.page import Page
from funmagic.ui.stage import result_bar, stage_frame
from funmagic.ui.wrapped.viewers.cloud_viewer import cloud_viewer
from funmagic.ui.wrapped.viewers.texts import cloud_viewer_texts

State = CrystalMemoryState


def crystal_memory_page() -> rx.Component:
    """The stage with the photo or the points on it, and beside it the words and the button that names its price."""
    titles = {CUT_OUT.id: _("Cutting out the subject"), CLOUD.id: _("Lifting it into space")}
    return runner_page(
        State,
        slug=KIND.name,
        run_label=_("Create"),
        download_label=_("Download PLY"),
        working=working_stage(State, titles=titles),
        result=_result_stage(),
    )


def _result_stage() -> rx.Component:
    return stage_frame(
        cloud_viewer(
            src=State.result.url,
            poster=State.result.preview_url,
            texts=cloud_viewer_texts(_("Your photo as a cloud of points")),
            filename=State.result.filename,
            download_url=State.result.download_url,
        ),
        result_bar(
            new_photo_button(State),
            result_facts(State),
        ),
    )


PAGE = Page(paths.tool(KIND.name), crystal_memory_page, N_("Crystal Memory · FunMagic"), loads=(State.load,))
