"""What mailed links carry."""

from urllib.parse import parse_qs, urlsplit

from tests.mailbox import Message, link_in


def mailed_token(message: Message) -> str:
    """The secret in a mail's link."""
    return token_in(link_in(message))


def token_in(link: str) -> str:
    """The secret in a link."""
    return parse_qs(urlsplit(link).query)["token"][0]
