"""What a signed address allows."""


class Terms:
    """What a signed address calls its terms."""

    def __init__(self, *, signature: str, expires: str, later: str, download: str) -> None:
        self.signature, self.expires, self.later, self.download = signature, expires, later, download
