"""What an answer of the emulated Stripe shows in full because the request asked for it: `expand`."""

import copy
from typing import Any

from tests.emulators.stripe_account import StripeAccount
from tests.emulators.stripe_params import Refusal

Thing = dict[str, Any]
EXPANDABLE = {"customer", "payment_intent", "latest_charge", "charge", "invoice", "product"}
DEEPEST = 4


def expand(account: StripeAccount, thing: Thing, paths: list[str]) -> Thing:
    """The object with what these dotted paths lead to in place of its id."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            raise Refusal(f"You cannot expand more than {DEEPEST} levels of a property: {path}", param="expand")
        _follow(account, thing, steps, path)
    return thing


def list_of(things: list[Thing], url: str, limit: int = 100) -> Thing:
    """The first of these, as a list of the API."""
    return {"object": "list", "data": things[:limit], "has_more": len(things) > limit, "url": f"/v1/{url}"}


def _follow(account: StripeAccount, thing: Thing, steps: list[str], path: str) -> None:
    step, *rest = steps
    if step == "data" and thing["object"] == "list":
        for part in thing["data"]:
            _follow(account, part, rest, path)
        return
    if step not in thing or isinstance(thing[step], str):
        thing[step] = _shown(account, thing, step, path)
    if rest and isinstance(thing[step], dict):
        _follow(account, thing[step], rest, path)


def _shown(account: StripeAccount, thing: Thing, step: str, path: str) -> Thing:
    if (thing["object"], step) == ("checkout.session", "line_items"):
        lines = copy.deepcopy(account.kept[thing["id"]]["line_items"])
        return list_of(lines, f"checkout/sessions/{thing['id']}/line_items")
    if (thing["object"], step) == ("charge", "refunds"):
        return list_of(copy.deepcopy(account.things("refund", charge=thing["id"])), f"charges/{thing['id']}/refunds")
    if step not in EXPANDABLE or step not in thing:
        raise Refusal(f"This property cannot be expanded ({path}).", param="expand")
    return copy.deepcopy(account.objects[thing[step]])
