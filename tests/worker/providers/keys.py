"""Keys and files that the emulated providers take."""

from tests.emulators.fal_faults import png
from tests.factories import photo_bytes
from worker.providers.base import InputFile

KEY = "fal-key-0123456789:abcdef"
REPLICATE_KEY = "r8_0123456789abcdefghij"
TRIPO_KEY = "tsk_0123456789abcdefSECRET"
PHOTO = photo_bytes()
FIGURE = photo_bytes(format="PNG")
# Taller than wide: what stands in a square must have been padded.
CUTOUT = InputFile(png(60, 90), "image/png", "cutout.png", "asset-2")
