"""The photo picker: owns the chosen file from the first drop to the finished upload."""

from typing import Any

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class PhotoPicker(rx.Component):
    """A drop zone that becomes a preview, and uploads straight to storage when a ticket arrives.

    Children float over the preview (progress, messages). Events carry the ticket's id, because a late answer may
    belong to an earlier ticket.
    """

    library = wrapped_source("photos/picker.jsx")
    tag = "PhotoPicker"

    # [{title, url, thumb}]: photos of ours to try.
    samples: rx.Var[list[dict[str, str]]]
    # MIME types, and suffixes of files whose type many systems do not know.
    accept: rx.Var[list[str]]
    max_bytes: rx.Var[int]
    # In pixels.
    min_side: rx.Var[int]
    # The chosen file survives leaving the page under this key; empty keeps nothing.
    stash_key: rx.Var[str]
    # {id, url, method, headers}, or None: a new id starts an upload.
    ticket: rx.Var[Any]
    # While true the photo cannot be changed.
    locked: rx.Var[bool]
    # The photo that was sent is of no use: it leaves the stage, and is not kept.
    refused: rx.Var[bool]
    texts: rx.Var[dict[str, str]]

    on_choose: rx.EventHandler[rx.event.passthrough_event_spec(dict)]
    on_remove: rx.EventHandler[rx.event.no_args_event_spec]
    on_uploaded: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_upload_failed: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]
    on_cancel_upload: rx.EventHandler[rx.event.passthrough_event_spec(str)]


photo_picker = PhotoPicker.create
