"""A browser in plain words, from what it says of itself; good enough to recognise one's own."""

from funmagic.i18n.translate import _

# How people name them, where ua-parser is more precise or names the engine.
BROWSERS = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "HeadlessChrome": "Chrome",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Opera Mobile": "Opera",
    "Opera Touch": "Opera",
    "Python Requests": "Python",
    "Python-urllib": "Python",
    "Yandex Browser": "Yandex",
}
SYSTEMS = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS", "Ubuntu": "Linux", "Fedora": "Linux", "Debian": "Linux"}
APPLE_SYSTEM = "iOS"


def describe_device(user_agent: str | None) -> str:
    """The browser and the system that a User-Agent header names, as in "Chrome on macOS"."""
    from ua_parser import parse  # noqa: PLC0415 - its rules are of use to this page only

    found = parse(user_agent or "")
    browser = found.user_agent.family if found.user_agent else ""
    browser = BROWSERS.get(browser, browser)
    system = found.os.family if found.os else ""
    if system == APPLE_SYSTEM and found.device:
        system = found.device.family
    system = SYSTEMS.get(system, system)
    if browser and system:
        return _("{browser} on {system}", browser=browser, system=system)
    return browser or system or _("Unknown device")
