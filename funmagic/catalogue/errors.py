"""Why a tool cannot be used."""

from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import N_


class ToolUnavailable(FunMagicError):
    """The tool is switched off."""

    code = "TOOL_UNAVAILABLE"
    status = 409
    text = N_("This tool is taking a break. Please come back later.")
