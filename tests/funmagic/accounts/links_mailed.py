"""What mailed links carry."""

from urllib.parse import parse_qs, urlsplit

from tests.mailbox import Message, link_in


def mailed_token(message: Message) -> str:
    """The secret in a mail's link."""
    return parse_qs(urlsplit(link_in(message)).query)["token"][0]
