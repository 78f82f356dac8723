"""The comparison slider of two images."""

import reflex as rx


class BeforeAfter(rx.Component):
    """Two images in one frame and a handle between them; transparent parts show a checkerboard."""

    library = rx.asset("before_after.jsx", shared=True).importable_path
    tag = "BeforeAfter"

    before: rx.Var[str]
    after: rx.Var[str]
    before_label: rx.Var[str]
    after_label: rx.Var[str]
    slider_label: rx.Var[str]


before_after = BeforeAfter.create
