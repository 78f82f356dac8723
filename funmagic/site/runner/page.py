"""The whole page of a tool that takes a photo, runs once, and shows what it made."""

import reflex as rx

from funmagic.i18n.translate import _
from funmagic.models.tasks import ACTIVE_STATUSES
from funmagic.site.frame.page import site_page
from funmagic.site.runner.components import (
    choosing_stage,
    download_button,
    failed_stage,
    gone_stage,
    loading_stage,
    low_balance_hint,
    notice_line,
    pause_line,
    runs_strip,
    start_button,
    wait_line,
)
from funmagic.site.runner.phase import Phase
from funmagic.site.runner.state import RunState
from funmagic.site.shop.components import shortage_dialog
from funmagic.site.sign_in.components import sign_in_dialog
from funmagic.ui.layout import container
from funmagic.ui.stage import feature_list, panel_rest, tool_head, tool_stage, tool_words_skeleton


def runner_page(
    state: type[RunState],
    *,
    slug: str,
    run_label: str,
    download_label: str,
    working: rx.Component,
    result: rx.Component,
) -> rx.Component:
    """The stage, and beside it the words and the button that names its price, or, in its place, the one to download."""
    return site_page(
        container(
            tool_stage(
                rx.match(
                    state.phase,
                    (Phase.LOADING, loading_stage()),
                    (Phase.COMPLETED, rx.cond(state.result.id, result, gone_stage(state))),
                    (Phase.FAILED, failed_stage(state, price=state.price)),
                    *((status, working) for status in ACTIVE_STATUSES),
                    choosing_stage(state, stash_key=slug),
                ),
                rx.cond(
                    state.title,
                    rx.fragment(tool_head(state.title, state.description), feature_list(state.features)),
                    tool_words_skeleton(),
                ),
                action=_action(state, run_label, download_label),
                name=state.phase,
                below=runs_strip(state),
            ),
        ),
        sign_in_dialog(),
        shortage_dialog(),
    )


def _action(state: type[RunState], run_label: str, download_label: str) -> rx.Component:
    return rx.fragment(
        notice_line(state),
        pause_line(state),
        rx.match(
            state.phase,
            (Phase.COMPLETED, rx.cond(state.result.id, download_button(state, download_label, size="lg"))),
            (Phase.FAILED, rx.fragment()),
            *((status, rx.fragment()) for status in ACTIVE_STATUSES),
            rx.fragment(
                start_button(
                    state,
                    run_label,
                    busy=(state.phase != Phase.CHOOSING) & (state.phase != Phase.LOADING),
                ),
                panel_rest(wait_line(state), low_balance_hint(state)),
            ),
        ),
        rx.el.p(_("Your photo stays private. You pay only if it works."), class_name="fineprint"),
    )
