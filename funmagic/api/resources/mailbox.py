"""The development mailbox over HTTP: a page and its JSON, for people at this very machine only."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from funmagic import paths
from funmagic.core.errors import NotFound
from funmagic.core.json import Shape
from funmagic.core.settings import get_settings
from funmagic.http.client_address import is_this_machine
from funmagic.mail.mailbox.render import render_mailbox
from funmagic.mail.mailbox.store import StoredMail, list_mails


def refuse_strangers(request: Request) -> None:
    """Raise NotFound for whoever is not at a development machine itself: mails hold links that sign in."""
    if not (get_settings().is_local and is_this_machine(request.scope)):
        raise NotFound


router = APIRouter(include_in_schema=False, dependencies=[Depends(refuse_strangers)])


class MailboxAnswer(Shape):
    """The mails of this machine, newest first."""

    messages: list[StoredMail]


@router.get(paths.MAILBOX)
def show_mailbox(mail: Annotated[str, Query(max_length=36)] = "") -> Response:
    """The list of mails beside one of them."""
    page = render_mailbox(list_mails(), mail)
    return HTMLResponse(page.html, headers=page.headers)


@router.get(paths.MAILBOX_JSON)
def list_messages(response: Response) -> MailboxAnswer:
    """All mails, newest first."""
    response.headers["Cache-Control"] = "no-store"
    return MailboxAnswer(messages=[mail for _, mail in list_mails()])
