"""The words of the 3D viewers, in the language in force."""

from funmagic.i18n.translate import _


def model_viewer_texts(label: str) -> dict[str, str]:
    """All texts of a `model_viewer`; the label says what is to be seen."""
    return {
        **_common_texts(label),
        "loading": _("Loading the 3D model"),
        "keys": _(
            "Arrow keys turn the model, plus and minus zoom, R resets the view, F fills the screen, "
            "Space starts and stops turning, L changes the light, W shows the wireframe."
        ),
        "rotate": _("Turn by itself"),
        "light": _("Light"),
        "light_studio": _("studio"),
        "light_warm": _("warm"),
        "light_contrast": _("contrast"),
        "wireframe": _("Wireframe"),
        "broken": _("This 3D model cannot be shown here. The file may be damaged."),
    }


def cloud_viewer_texts(label: str) -> dict[str, str]:
    """All texts of a `cloud_viewer`; the label says what is to be seen."""
    return {
        **_common_texts(label),
        "loading": _("Loading the points"),
        "keys": _("Arrow keys turn the points, plus and minus zoom, R resets the view, F fills the screen."),
        "size": _("Point size"),
        "hide_uncertain": _("Hide uncertain"),
        "background": _("Background"),
        "background_gallery": _("Gallery"),
        "background_theme": _("Like the page"),
        "background_white": _("White"),
        "background_grey": _("Grey"),
        "background_black": _("Black"),
        "broken": _("These points cannot be shown here. The file may be damaged."),
    }


def _common_texts(label: str) -> dict[str, str]:
    return {
        "label": label,
        "controls": _("View"),
        "hint_mouse": _("Drag to turn, click and scroll to zoom"),
        "hint_touch": _("Drag to turn, pinch to zoom"),
        "turn": _("Turn"),
        "zoom": _("Zoom"),
        "reset": _("Reset view"),
        "full_screen": _("Full screen"),
        "leave_full_screen": _("Leave full screen"),
        "help": _("Keys"),
        "space": _("Space"),
        "unreachable": _("The file could not be loaded. Your result is safe: check your connection and try again."),
        "lost": _("Your device needed its graphics memory for something else. Your result is safe."),
        "unsupported": _("This browser cannot show 3D. Your result is safe: download it to see it elsewhere."),
        "retry": _("Try again"),
        "download": _("Download"),
    }
