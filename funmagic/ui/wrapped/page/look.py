"""Theme and accent in the browser: applied before the first paint, kept there, and kept the same as the account's."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source

SOURCE = wrapped_source("page/look.jsx")
# Runs in the head of every page, right after Reflex's own script has put the remembered theme on <html>.
APPLY_LOOK = """
try {
  const root = document.documentElement;
  const look = document.cookie.match(/(?:^|; )fm_look=(light|dark|system)\\.(\\w+)/);
  if (look) {
    const [, theme, accent] = look;
    localStorage.setItem("theme", theme);
    localStorage.setItem("funmagic.accent", accent);
    document.cookie = "fm_look=; Max-Age=0; Path=/; SameSite=Lax";
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const shown = theme === "system" ? system : theme;
    root.classList.remove("light", "dark");
    root.classList.add(shown);
    root.style.colorScheme = shown;
  }
  root.dataset.accent = localStorage.getItem("funmagic.accent") || "rose";
} catch {}
"""


class LookKeeper(rx.Component):
    """Shows nothing; has the browser and the account agree on a look, and tells which one to adopt."""

    library = SOURCE
    tag = "LookKeeper"

    is_signed_in: rx.Var[bool]
    # What the account has chosen; empty when it has chosen nothing.
    theme: rx.Var[str]
    accent: rx.Var[str]
    # (theme, accent) of the browser, for an account that has chosen nothing.
    on_adopt: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]


class ThemeSwitch(rx.Component):
    """A button between light and dark; `on_switch` hears (theme, accent) as they are now."""

    library = SOURCE
    tag = "ThemeSwitch"

    label: rx.Var[str]
    on_switch: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]


look_keeper = LookKeeper.create
theme_switch = ThemeSwitch.create
