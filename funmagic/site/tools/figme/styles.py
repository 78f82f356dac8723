"""The styles that a new installation starts with; images made for this project by worker/stylise."""

from funmagic.i18n.translate import N_

_FIGURE = (
    "Turn the person in the first image into a collectible figure. Keep their face, hair, expression, clothes and pose "
    "recognisable. Show the whole figure, from head to toe if the photo allows, standing on a small round base, "
    "centred, in soft studio light before a plain, neutral background. Take materials, colours and texture from the "
    "second image, which is a style reference only: copy none of its shapes. No text, no logo, no watermark. "
)


def _style(style_id: str, title: str, prompt: str) -> dict[str, str]:
    return {
        "id": style_id,
        "title": title,
        "prompt": _FIGURE + prompt,
        "image": f"/styles/{style_id}.webp",
        "thumb": f"/styles/{style_id}_thumb.webp",
    }


SEEDED_STYLES: list[dict[str, str]] = [
    _style(
        "clay",
        N_("Soft clay"),
        "The figure is modelled by hand in smooth pastel clay, with round forms, faint fingerprints and a matt finish.",
    ),
    _style(
        "oil",
        N_("Oil paint"),
        "The figure is a sculpture covered in thick, swirling strokes of oil paint, from dusk blue to lamp yellow.",
    ),
    _style(
        "watercolour",
        N_("Watercolour"),
        "The figure is white porcelain painted in transparent watercolour washes that bleed softly into each other.",
    ),
    _style(
        "neon",
        N_("Neon night"),
        "The figure is dark glossy vinyl edged with glowing pink, cyan and violet neon light, as in a city at night.",
    ),
    _style(
        "glass",
        N_("Stained glass"),
        "The figure is built of jewel-coloured panes of stained glass held by dark lead lines, lit gently from within.",
    ),
    _style(
        "mosaic",
        N_("Mosaic"),
        "The figure is covered in small glazed tiles in sea green, sand and terracotta, set in pale grout.",
    ),
    _style(
        "knit",
        N_("Knitted"),
        "The figure is a knitted doll of chunky wool with even, visible stitches and a warm winter pattern.",
    ),
    _style(
        "woodcut",
        N_("Woodcut"),
        "The figure is carved from pale wood, its shading cut as bold black lines like a woodcut print, with vermilion "
        "accents.",
    ),
]
