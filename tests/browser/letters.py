"""The mail of a running product, as people find it in the development mailbox."""

from typing import Any

from tests.browser.product import Product, client
from tests.factories import wait_until
from tests.mailbox import link_in


def newest_link(product: Product, to: str, *, besides: str = "") -> str:
    """The link in the newest mail to a person, once one other than `besides` has come."""
    wait_until(lambda: _newest_link(product, to) not in ("", besides))
    return _newest_link(product, to)


def _newest_link(product: Product, to: str) -> str:
    messages: list[dict[str, Any]] = client.get(f"{product.url}/dev/mailbox.json").json()["messages"]
    return next((link_in(message) for message in messages if message["to"] == to), "")
