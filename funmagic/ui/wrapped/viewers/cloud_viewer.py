"""The viewer of point clouds."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class CloudViewer(rx.Component):
    """A binary PLY of coloured points to turn, and to thin out by confidence where the file has it.

    Poster, `data-state` and `src` are as those of the `ModelViewer`.
    """

    library = wrapped_source("viewers/cloud_viewer.jsx")
    tag = "CloudViewer"
    lib_dependencies: list[str] = ["three@0.187.0"]

    src: rx.Var[str]
    poster: rx.Var[str]
    # What `cloud_viewer_texts` makes.
    texts: rx.Var[dict[str, str]]
    # Given one of them, trouble leaves the file to download: from `src`, unless another address is better for it.
    filename: rx.Var[str]
    download_url: rx.Var[str]


cloud_viewer = CloudViewer.create
