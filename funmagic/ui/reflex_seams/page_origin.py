"""Where built pages find their backend: at the host and port they came from. Read in Reflex 0.10.1."""

from typing import Unpack

import reflex as rx
from reflex.plugins import PreCompileContext

BACKEND_URL = "const endpoint = new URL(url_str);"
PAGE_ORIGIN = "if (typeof window !== 'undefined') return new URL(endpoint.pathname, window.location.origin);"


class SameOrigin(rx.plugins.Plugin):
    """Lets a built page talk to the host and port it came from; Reflex would bake one address in at build time."""

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        """Have the compiler change the browser's half of Reflex."""
        context["add_modify_task"]("utils/state.js", use_page_origin)


def use_page_origin(code: str) -> str:
    """Reflex's state.js with the backend at the page's own origin; applying it again changes nothing."""
    if PAGE_ORIGIN in code:
        return code
    if code.count(BACKEND_URL) != 1:
        raise RuntimeError("This version of Reflex makes its backend URL in another way: adapt SameOrigin.")
    return code.replace(BACKEND_URL, f"{BACKEND_URL}\n  {PAGE_ORIGIN}")
