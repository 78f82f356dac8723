"""What keeps the product from starting, said so that the reader knows what to do."""


class StartError(Exception):
    """The product cannot start; the message is one plain sentence for the terminal."""
