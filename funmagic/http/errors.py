"""Why a request is refused before anybody looks at what it asks for."""

from funmagic.core.errors import Forbidden
from funmagic.i18n.translate import N_


class ForeignOrigin(Forbidden):
    """An unsafe request came from another site."""

    code = "FOREIGN_ORIGIN"
    text = N_("This request came from another site and was refused.")
