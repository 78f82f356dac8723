"""What people may choose for themselves: every value that a preference can have."""

from funmagic.i18n.translate import LOCALES

THEMES = ("system", "light", "dark")
# As the stylesheet has them.
ACCENTS = ("rose", "orange", "green", "teal", "blue", "violet")
# What people have who chose nothing.
DEFAULT_THEME = THEMES[0]
DEFAULT_ACCENT = ACCENTS[0]

CHOICES = {"theme": THEMES, "accent": ACCENTS, "locale": LOCALES}
