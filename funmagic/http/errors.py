"""Why a request is refused before anybody looks at what it asks for."""

from funmagic.core.errors import Forbidden


class ForeignOrigin(Forbidden):
    """An unsafe request came from another site."""

    code = "FOREIGN_ORIGIN"
    text = "This request came from another site and was refused."
