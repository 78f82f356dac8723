"""The picker of a person's own picture."""

from typing import Any

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class AvatarPicker(rx.Component):
    """The picture in use; a newly chosen one is shown cropped, and uploads once its owner agrees and a ticket comes."""

    library = wrapped_source("photos/avatar_picker.jsx")
    tag = "AvatarPicker"

    # The saved picture, empty when there is none; and the letter that stands for it.
    image: rx.Var[str]
    initial: rx.Var[str]
    # MIME types, and suffixes of files whose type many systems do not know.
    accept: rx.Var[list[str]]
    max_bytes: rx.Var[int]
    # {id, url, method, headers}, or None: a new id starts an upload.
    ticket: rx.Var[Any]
    # While true the server works on the picture.
    is_saving: rx.Var[bool]
    texts: rx.Var[dict[str, str]]

    on_choose: rx.EventHandler[rx.event.passthrough_event_spec(dict)]
    on_remove: rx.EventHandler[rx.event.no_args_event_spec]
    on_uploaded: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_upload_failed: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]
    on_cancel_upload: rx.EventHandler[rx.event.passthrough_event_spec(str)]


avatar_picker = AvatarPicker.create
