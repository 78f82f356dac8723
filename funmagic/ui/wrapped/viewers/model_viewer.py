"""The viewer of 3D models."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class ModelViewer(rx.Component):
    """A GLB to turn, light and inspect; its poster stands there until it is loaded, and where 3D is not to be had.

    Its root tells in `data-state` how it is: loading, ready, error or unsupported. Another query in `src` is the same
    file, so an address may be signed anew without loading again.
    """

    library = wrapped_source("viewers/model_viewer.jsx")
    tag = "ModelViewer"
    lib_dependencies: list[str] = ["three@0.187.0"]

    src: rx.Var[str]
    poster: rx.Var[str]
    # What `model_viewer_texts` makes.
    texts: rx.Var[dict[str, str]]
    # Given one of them, trouble leaves the file to download: from `src`, unless another address is better for it.
    filename: rx.Var[str]
    download_url: rx.Var[str]


model_viewer = ModelViewer.create
