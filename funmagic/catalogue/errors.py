"""Why a tool cannot be used."""

from funmagic.core.errors import FunMagicError


class ToolUnavailable(FunMagicError):
    """The tool is switched off."""

    code = "TOOL_UNAVAILABLE"
    status = 409
    text = "This tool is taking a break. Please come back later."
