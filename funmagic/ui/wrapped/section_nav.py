"""The side navigation of a long page."""

import reflex as rx

from funmagic.ui.wrapped.source import wrapped_source


class SectionNav(rx.Component):
    """Links to sections of this page, the one being read marked; a section's element has its id and can be focused."""

    library = wrapped_source("section_nav.jsx")
    tag = "SectionNav"

    label: rx.Var[str]
    # [{id, title}]
    sections: rx.Var[list[dict[str, str]]]


section_nav = SectionNav.create
