"""The page that takes a provider's answer over into our own site.

Apple posts its answer from its own site, and browsers leave our SameSite=Lax cookies out of such a request. So it is
answered with a form that holds the same fields and sends itself, now from our site, with all cookies.
"""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from fastapi.responses import HTMLResponse

from funmagic.i18n.translate import _

SCRIPT = "document.forms[0].submit()"
SCRIPT_HASH = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = f"default-src 'none'; script-src 'sha256-{SCRIPT_HASH}'; "
POLICY += "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>FunMagic</title></head>
<body><form method="post">{fields}<noscript><button>{label}</button></noscript></form>
<script>{script}</script></body></html>
"""


def relay_page(fields: Mapping[str, str]) -> HTMLResponse:
    """A page that posts these fields to its own address once more."""
    inputs = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    page = PAGE.format(fields=inputs, label=escape(_("Continue")), script=SCRIPT)
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})
