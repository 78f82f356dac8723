"""What the credits page is made of: the figures, and the stories of the ledger."""

import reflex as rx

from funmagic.i18n.translate import _
from funmagic.models.credits import TransactionType
from funmagic.site.credits.state import CreditsState
from funmagic.site.credits.words import LineRow, StoryRow
from funmagic.ui.buttons import page_link
from funmagic.ui.feedback import skeleton
from funmagic.ui.logo import spark
from funmagic.ui.props import Node, Text
from funmagic.ui.texts.times import local_time

ICONS = {
    TransactionType.PURCHASE: "shopping-bag",
    TransactionType.BONUS: "gift",
    TransactionType.WELCOME: "party-popper",
    TransactionType.RESERVATION: "lock",
    TransactionType.RELEASE: "undo-2",
    TransactionType.USAGE: "wand-sparkles",
    TransactionType.REFUND: "rotate-ccw",
    TransactionType.ADMIN_ADJUST: "scale",
}


def figures() -> rx.Component:
    """How much there is to spend, how much runs hold, and what both come to."""
    return rx.el.dl(
        _figure(_("Available"), CreditsState.available, _("to spend on any tool"), icon=spark(20), is_main=True),
        _figure(_("Reserved"), CreditsState.reserved, _("held until runs end"), icon=rx.icon("lock", size=18)),
        _figure(_("Balance"), CreditsState.balance, _("available and reserved"), icon=rx.icon("wallet", size=18)),
        class_name="credit-figures",
    )


def figures_skeleton() -> rx.Component:
    """The figures before they are known, in their size."""
    bones = rx.el.div(skeleton("text", width="40%"), skeleton("title"), class_name="credit-figure")
    return rx.el.div(bones, bones, bones, class_name="credit-figures", aria_hidden="true")


def story_list(stories: rx.Var[list[StoryRow]]) -> rx.Component:
    """The stories, newest first."""
    return rx.el.ul(rx.foreach(stories, _story), class_name="story-list", custom_attrs={"role": "list"})


def story_list_skeleton() -> rx.Component:
    """A few stories before they are known."""
    bones = rx.el.div(
        rx.el.span(class_name="story-icon"),
        rx.el.div(skeleton("text", count=2), class_name="story-words"),
        class_name="story-row",
    )
    return rx.el.div(*[rx.el.div(bones, class_name="story")] * 4, class_name="story-list", aria_hidden="true")


def _figure(label: Text, value: rx.Var[int], note: Text, *, icon: Node, is_main: bool = False) -> rx.Component:
    return rx.el.div(
        rx.el.dt(icon, label, class_name="credit-figure-label"),
        rx.el.dd(
            # A new key makes a new element, so that every change is seen.
            rx.el.span(value.to(str), key=f"figure-{value}", class_name="credit-figure-value"),
            rx.el.span(note, class_name="credit-figure-note"),
        ),
        class_name="credit-figure credit-figure-main" if is_main else "credit-figure",
    )


def _story(story: rx.Var[StoryRow]) -> rx.Component:
    title = rx.cond(
        story.href,
        page_link(story.title, href=story.href, class_name="story-title story-link"),
        rx.el.span(story.title, class_name="story-title"),
    )
    badge = rx.el.span(story.badge, class_name=f"story-badge story-badge-{story.type}")
    return rx.el.li(
        rx.el.div(
            rx.el.span(
                rx.match(
                    story.type, *[(type_.value, rx.icon(icon, size=20)) for type_, icon in ICONS.items()], rx.fragment()
                ),
                class_name=f"story-icon story-icon-{story.tone}",
                aria_hidden="true",
            ),
            rx.el.div(
                rx.el.div(title, badge, class_name="story-head"),
                rx.cond(
                    story.lines,
                    _details(story.text, story.lines),
                    rx.cond(story.text, rx.el.p(story.text, class_name="story-text")),
                ),
                class_name="story-words",
            ),
            rx.el.div(
                _amount(story),
                local_time(story.at, class_name="story-time"),
                class_name="story-side",
            ),
            class_name="story-row",
        ),
        key=story.key,
        class_name="story",
    )


def _details(text: rx.Var[str], lines: rx.Var[list[LineRow]]) -> rx.Component:
    """What became of it in a sentence, which opens to show how."""
    return rx.el.details(
        rx.el.summary(text, rx.icon("chevron-down", size=14), class_name="story-text story-summary"),
        rx.el.ol(rx.foreach(lines, _line), class_name="story-lines"),
        class_name="story-details",
    )


def _line(line: rx.Var[LineRow]) -> rx.Component:
    return rx.el.li(
        rx.el.span(line.label, class_name="story-line-label"),
        local_time(line.at, class_name="story-time"),
        _amount(line),
        key=line.id,
        class_name="story-line",
    )


def _amount(row: rx.Var[StoryRow | LineRow]) -> rx.Component:
    return rx.el.span(
        rx.cond(row.tone == "held", rx.icon("lock", size=13)),
        row.amount,
        rx.el.span(" ", row.unit, class_name="visually-hidden"),
        class_name=f"story-amount story-amount-{row.tone}",
    )
