"""What the screens of the dashboard are made of: filters, tables, and the way to the next page."""

import reflex as rx

from admin.listing import OLDEST_FIRST, ORDER, ListState
from funmagic.i18n.translate import _
from funmagic.ui.buttons import button, link_button
from funmagic.ui.feedback import empty_state, error_state, skeleton
from funmagic.ui.forms import text_field


def filter_form(state: type[ListState], path: str, fields: list[tuple[str, str, str]]) -> rx.Component:
    """A field for each filter, by name, label and hint, and the order; what they say is in the address, too."""
    return rx.el.form(
        *[_filter_field(state, *field) for field in fields],
        _order_select(state),
        rx.el.div(
            button(_("Filter"), type="submit", icon="list-filter"),
            rx.cond(state.is_filtered, link_button(_("Show everything"), path, variant="ghost")),
            class_name="actions filter-actions",
        ),
        on_submit=state.narrow,
        role="search",
        class_name="filters",
    )


def paged_list(state: type[ListState], path: str, table: rx.Component, *, is_empty: rx.Var[bool]) -> rx.Component:
    """The table, or what stands in its place: bones while it loads, and words where there is nothing to show."""
    everything = link_button(_("Show everything"), path, variant="secondary")
    return rx.cond(
        state.is_loaded,
        rx.cond(
            state.is_lost,
            error_state(_("There is no such page"), _("The address may be old, or cut off."), [everything]),
            rx.cond(
                is_empty,
                rx.cond(
                    state.is_filtered,
                    empty_state(_("Nothing matches"), _("Try fewer filters, or other ones."), everything),
                    empty_state(_("Nothing yet"), _("What happens from now on appears here."), icon="list"),
                ),
                rx.fragment(table, _pager(state)),
            ),
        ),
        skeleton("text", count=8),
    )


def data_table(caption: str, headings: list[str], rows: rx.Component) -> rx.Component:
    """A table with a name for screen readers; on a phone each row is a card (see `cell`)."""
    return rx.el.div(
        rx.el.table(
            rx.el.caption(caption, class_name="visually-hidden"),
            rx.el.thead(rx.el.tr(*[rx.el.th(heading, scope="col") for heading in headings])),
            rx.el.tbody(rows),
            class_name="data-table",
        ),
        role="region",
        aria_label=caption,
        # Wider than the window, it is scrolled by keyboard, too.
        tab_index=0,
        class_name="data-table-frame",
    )


def cell(heading: str, *children: rx.Component | rx.Var[str]) -> rx.Component:
    """A cell; `heading` stands beside it on a phone."""
    return rx.el.td(*children, custom_attrs={"data-heading": heading})


def _filter_field(state: type[ListState], name: str, label: str, hint: str) -> rx.Component:
    # Nothing is there before the list is loaded: as empty as without a filter, so that what was typed by then stays.
    value = rx.cond(state.filters[name], state.filters[name], "")
    return rx.el.div(
        text_field(label, name, hint=hint, default_value=value, autocomplete="off"),
        # A new key makes a new field: what the address says wins over what was typed.
        key=f"{name}-{value}",
    )


def _order_select(state: type[ListState]) -> rx.Component:
    return rx.el.div(
        rx.el.label(_("Order"), html_for="list-order", class_name="label"),
        rx.el.select(
            rx.el.option(_("Newest first"), value=""),
            rx.el.option(_("Oldest first"), value=OLDEST_FIRST),
            id="list-order",
            name=ORDER,
            default_value=state.order,
            key=f"order-{state.order}",
            class_name="input select",
        ),
        class_name="field",
    )


def _pager(state: type[ListState]) -> rx.Component:
    return rx.el.nav(
        rx.cond(state.first_url, link_button(_("First page"), state.first_url, variant="secondary")),
        rx.cond(
            state.next_url, link_button(_("Next page"), state.next_url, variant="secondary", icon_end="arrow-right")
        ),
        aria_label=_("Pages"),
        class_name="actions pager",
    )
