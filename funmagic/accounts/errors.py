"""Why an email or a name is not accepted, in a sentence each."""

from funmagic.errors import InvalidInput


class EmailRefused(InvalidInput):
    """No mail can be sent to what was given."""

    code = "INVALID_EMAIL"
    text = "This is not an email address that mail can be sent to. Please give one such as name@example.com."


class InternationalEmailRefused(EmailRefused):
    """The part before the @ has letters that many mail servers do not take."""

    text = "Please give an email address with only the letters a to z before the @: many mail servers take no others."


class NameRefused(InvalidInput):
    """Nobody could read the name, or it would change what stands around it."""

    code = "INVALID_NAME"
    text = "Please give a name of 1 to {most} characters that can be read, without line breaks or control characters."
