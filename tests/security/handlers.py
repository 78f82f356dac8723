"""Every handler there is, and how to call one as any socket may."""

import json
from dataclasses import dataclass

import funmagic.funmagic  # noqa: F401 - loads every state that the product has
from funmagic.sessions.viewer import Viewer
from tests.security import throwaway
from tests.security.introspection import OURS, Handler, find_handlers
from tests.security.tab import Update

HANDLERS = find_handlers(*OURS)
# Whoever is called so may be anybody. Everything else must refuse a visitor; and these must neither change the
# database for one, nor show one person's things to another.
PUBLIC = {
    "SessionState.load": "says that nobody is signed in",
    "SessionState.load_when_possible": "asks whether the database is back, and loads the page",
    "SignInDialogState.set_is_open": "opens and closes the dialog that lets visitors in",
    "WaysInState.load": "notes what the address says: where to go, and what went wrong",
    "ProfileState.load": "leads a visitor to sign in; a user sees what is theirs",
    "CreditsState.load": "leads a visitor to sign in; a user sees what is theirs",
    "CatalogueState.load": "lists the tools, which are public",
    "LiveState.load": "shows a tool; runs are looked for among the viewer's own",
    "RunState.new_photo": "clears the tab's own stage",
    "FigmeState.choose_style": "a visitor chooses a style before they sign in; it stays in their browser",
    "FigmeState.confirm_style": "turns the tab's own stage to the photo",
    "FigmeState.change_style": "turns the tab's own stage to the styles",
    "FigmeState.start_over": "clears the tab's own stage",
    "RunState.choose_photo": "a visitor chooses a photo before they sign in; it stays in their browser",
    "RunState.remove_photo": "clears the tab's own stage",
    "RunState.start_run": "asks a visitor to sign in, in the dialog",
    "RunState.fail_upload": "speaks of the ticket that this tab holds, which a visitor cannot get",
    "RunState.cancel_upload": "speaks of the ticket that this tab holds, which a visitor cannot get",
    "ShopState.load": "lists what is for sale, which is public",
    "ShopState.buy": "asks a visitor to sign in, in the dialog",
    "ShortageState.set_is_open": "opens and closes the tab's own dialog, which only a run of the viewer's fills",
    "SuccessState.load": "leads a visitor to sign in; a purchase is looked for among the viewer's own",
    "DashboardState.enter": "leads a visitor to sign in, and says to a user that there is nothing",
    "State.setvar": "Reflex's own: calls a handler that is named set_…, and those are called here by themselves",
}
UPDATE_VARS = "reflex___state____state.reflex___state____update_vars_internal_state.update_vars_internal"


@dataclass(frozen=True)
class Belongings:
    """What Alice has, and nobody else may see or touch."""

    owner: Viewer
    task_id: str
    asset_id: str

    @property
    def words(self) -> list[str]:
        """What others may send to get at it, and what may break a handler."""
        return [
            self.task_id,
            self.asset_id,
            self.owner.id,
            self.owner.email,
            "super_admin",
            "",
            "\x00'\"../<%",
            "9" * 5000,
        ]


def says(sentence: str, update: Update) -> bool:
    return sentence in json.dumps(update.get("events", []))


def hurried(name: str) -> Handler:
    [handler] = [each for each in find_handlers(throwaway.__name__) if "Hurried" in str(each) and each.name == name]
    return handler
