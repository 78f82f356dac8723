"""The comparison slider of two images."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class BeforeAfter(rx.Component):
    """Two images in one frame and a handle between them; transparent parts show a checkerboard.

    With a `ratio` the frame has its shape, and shows what has loaded, before any script runs.
    """

    library = wrapped_source("photos/before_after.jsx")
    tag = "BeforeAfter"

    before: rx.Var[str]
    after: rx.Var[str]
    # The same images in other widths, as `srcset` and `sizes` of an <img> name them.
    before_set: rx.Var[str]
    after_set: rx.Var[str]
    sizes: rx.Var[str]
    # Width by height.
    ratio: rx.Var[float]
    before_label: rx.Var[str]
    after_label: rx.Var[str]
    slider_label: rx.Var[str]


before_after = BeforeAfter.create
