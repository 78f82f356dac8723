"""A browser in plain words, from what it says of itself; good enough to recognise one's own."""

from funmagic.i18n.translate import _

# In this order: most browsers also name those whose pages they want to get.
BROWSERS = (
    (("Edg/", "EdgA/", "EdgiOS/"), "Edge"),
    (("OPR/", "OPT/", "Opera"), "Opera"),
    (("SamsungBrowser/",), "Samsung Internet"),
    (("YaBrowser/",), "Yandex"),
    (("Vivaldi/",), "Vivaldi"),
    (("Firefox/", "FxiOS/"), "Firefox"),
    (("Chrome/", "CriOS/", "Chromium/"), "Chrome"),
    (("Safari/",), "Safari"),
    (("curl/",), "curl"),
    (("python-httpx/", "python-requests/", "Python-urllib/"), "Python"),
)
SYSTEMS = (
    (("iPhone", "iPod"), "iPhone"),
    (("iPad",), "iPad"),
    (("Android",), "Android"),
    (("Windows",), "Windows"),
    (("CrOS",), "ChromeOS"),
    (("Macintosh", "Mac OS X"), "macOS"),
    (("Linux", "X11"), "Linux"),
)


def describe_device(user_agent: str | None) -> str:
    """The browser and the system that a User-Agent header names, as in "Chrome on macOS"."""
    browser = _first_named(BROWSERS, user_agent or "")
    system = _first_named(SYSTEMS, user_agent or "")
    if browser and system:
        return _("{browser} on {system}", browser=browser, system=system)
    return browser or system or _("Unknown device")


def _first_named(names: tuple[tuple[tuple[str, ...], str], ...], user_agent: str) -> str:
    return next((name for marks, name in names if any(mark in user_agent for mark in marks)), "")
