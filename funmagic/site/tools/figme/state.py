"""FigMe in the browser: a style and a photo become a figure in one run, and the figure a 3D model in another."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from funmagic.catalogue.service import ToolView
from funmagic.models.base import new_id
from funmagic.models.tasks import ACTIVE_STATUSES
from funmagic.site.runner.live_state import LiveState
from funmagic.site.runner.phase import Phase
from funmagic.site.runner.state import RunState
from funmagic.site.tools.figme.tool import FIGURE, KIND, MODEL, STYLE
from funmagic.tasks.submit import Submission

# The pressed button is gone; whoever uses the keyboard goes on where the photo is chosen.
FOCUS_PHOTO = "requestAnimationFrame(() => document.querySelector('.stage input[type=file]')?.focus())"


@dataclass(frozen=True)
class StyleChoice:
    """A style as its tile shows it."""

    id: str = ""
    title: str = ""
    image: str = ""


class FigmeState(RunState, LiveState, rx.State):
    """The style, the photo and the run on this tab's stage."""

    styles: list[StyleChoice] = []
    # Kept by the browser, so that it outlives signing in; whether there is such a style is looked up on submit.
    style_id: str = rx.SessionStorage("")
    is_choosing_style: bool = False
    model_price: int = 0

    _slug: str = KIND.name
    _first_step: str | None = FIGURE.id

    @rx.var
    def stage(self) -> str:
        """What is on the stage, by name."""
        if self.phase == Phase.LOADING:
            return "loading"
        if self.phase in (Phase.COMPLETED, Phase.FAILED, *ACTIVE_STATUSES):
            return _stage_of_run(self.phase, is_model=self.step_id == MODEL.id)
        return "select-style" if self.is_choosing_style or not self.style_id else "upload-image"

    @rx.var
    def style(self) -> StyleChoice:
        """The chosen style; an empty one while none is chosen."""
        return next((style for style in self.styles if style.id == self.style_id), StyleChoice())

    @rx.event
    async def choose_style(self, style_id: str) -> None:
        """Mark a style; the stage stays where it is, so that arrow keys can go on to the next."""
        if self.phase == Phase.CHOOSING and any(style.id == style_id for style in self.styles):
            self.style_id = style_id
            self.is_choosing_style = True
            self.notice = ""

    @rx.event
    async def confirm_style(self) -> EventSpec:
        """Go on to the photo."""
        self.is_choosing_style = False
        return rx.call_script(FOCUS_PHOTO)

    @rx.event
    async def change_style(self) -> None:
        """Go back to the styles; a photo that was chosen stays."""
        if self.phase == Phase.CHOOSING:
            self.is_choosing_style = True

    @rx.event
    async def make_model(self) -> AsyncGenerator[Any, None]:
        """Have the figure on the stage made 3D, in a run of its own."""
        viewer = await self._require_user()
        is_figure = self.phase == Phase.COMPLETED and self.step_id == FIGURE.id
        if not is_figure or self.is_starting or not await self._can_pay(viewer, self.model_price):
            return
        submission = Submission(
            KIND.name,
            new_id(),
            step_id=MODEL.id,
            parent_task_id=self._task_id,
            expected_credits=self.model_price,
        )
        async for event in self._submit(viewer, submission):
            yield event

    @rx.event
    async def start_over(self) -> EventSpec:
        """Begin from the styles again."""
        self.style_id = ""
        self.is_choosing_style = False
        return self._leave_stage()

    def _show_tool(self, tool: ToolView) -> None:
        super()._show_tool(tool)
        steps = {step.id: step for step in tool.steps}
        self.model_price = steps[MODEL.id].credits
        options = [
            option for field in steps[FIGURE.id].inputs if field.name == STYLE.name for option in field.options or []
        ]
        self.styles = [StyleChoice(option.id, option.title, option.image_url) for option in options]
        if self.style_id not in [option.id for option in options]:
            self.style_id = ""

    def _is_ready(self) -> bool:
        return self.style_id != ""

    def _input_for(self, asset_id: str) -> dict[str, Any]:
        return super()._input_for(asset_id) | {STYLE.name: self.style_id}

    def _price_of_run(self) -> int:
        return self.model_price if self.step_id == MODEL.id else super()._price_of_run()

    def _next_step(self) -> str | None:
        has_figure = self.phase == Phase.COMPLETED and self.step_id == FIGURE.id
        return MODEL.id if has_figure else super()._next_step()


def _stage_of_run(phase: Phase, *, is_model: bool) -> str:
    if phase == Phase.COMPLETED:
        return "3d-result" if is_model else "image-result"
    if phase == Phase.FAILED:
        return "3d-failed" if is_model else "image-failed"
    return "generating-3d" if is_model else "generating-image"
