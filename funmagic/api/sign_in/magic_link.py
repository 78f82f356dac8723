"""The page behind a mailed sign-in link, made by the server: it works in any browser, and a look uses nothing up.

Programs that check mails open every link in them, but press no button.
"""

from html import escape
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse

from funmagic import paths
from funmagic.accounts.errors import LinkExpired
from funmagic.http.headers.policies import plain_policy
from funmagic.i18n.translate import _, current_locale

STYLESHEETS = ("tokens", "plain", "base", "layout", "buttons", "forms", "dialogs")
# What the browser remembers of the look, under the names that all other pages use.
LOOK = """
let theme, accent;
try {
  theme = localStorage.getItem("theme");
  accent = localStorage.getItem("funmagic.accent");
} catch {}
const isDark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.className = isDark ? "dark" : "light";
if (accent) document.documentElement.dataset.accent = accent;
"""
HEADERS = {
    "Cache-Control": "no-store",
    # The address holds a secret. Without any referrer browsers would not say either that the form is our own.
    "Referrer-Policy": "strict-origin",
    "X-Robots-Tag": "noindex",
}


def enter_page(email: str, token: str) -> HTMLResponse:
    """Shows whom the link signs in, and one button that does it."""
    title = escape(_("Sign in to FunMagic"))
    label = escape(_("Sign in"))
    text = escape(_("You are about to sign in as {email}.")).format(email=f"<strong>{escape(email)}</strong>")
    foot = escape(_("You did not ask for this? Close this page, and nothing happens."))
    content = f"""
      <h1 class="dialog-title">{title}</h1>
      <p class="dialog-text">{text}</p>
      <form class="form-stack" method="post" action="{paths.API_MAGIC_LINK_VERIFY}">
        <input type="hidden" name="token" value="{escape(token)}">
        <button type="submit" class="button button-primary button-lg">{label}</button>
      </form>
      <p class="sign-foot">{foot}</p>"""
    return _page(_("Sign in · FunMagic"), content, 200)


def expired_page(next_url: str) -> HTMLResponse:
    """Says that the link no longer works, and leads to a new one to the same place."""
    again = f"{paths.LOGIN}?{urlencode({'next': next_url}, safe='/')}" if next_url else paths.LOGIN
    title, text, label = map(escape, (_("This link no longer works"), _(LinkExpired.text), _("Get a new link")))
    content = f"""
      <h1 class="dialog-title">{title}</h1>
      <p class="dialog-text">{text}</p>
      <a class="button button-primary button-lg" href="{escape(again)}">{label}</a>"""
    return _page(_("This link no longer works · FunMagic"), content, LinkExpired.status)


def _page(title: str, content: str, status: int) -> HTMLResponse:
    styles = "".join(f'<link rel="stylesheet" href="/ui/{name}.css">' for name in STYLESHEETS)
    html = f"""<!doctype html>
<html lang="{current_locale()}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
    <title>{escape(title)}</title>
    <link rel="icon" href="/ui/favicon.svg" type="image/svg+xml">
    <script>{LOOK}</script>
    {styles}
  </head>
  <body>
    <header class="header"><div class="container header-row">
      <a class="brand" href="{paths.HOME}" aria-label="FunMagic"><span class="logo">
        <img src="/ui/logo.svg" alt="" width="34" height="34"><span class="logo-name">FunMagic</span>
      </span></a>
    </div></header>
    <main class="sign-page"><div class="sign-card">{content}
    </div></main>
  </body>
</html>
"""
    return HTMLResponse(html, status, headers=HEADERS | {"Content-Security-Policy": plain_policy(html)})
