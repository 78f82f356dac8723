"""A story of the ledger in plain words: what it was for, what became of the credits, and where to see more."""

from dataclasses import dataclass
from urllib.parse import urlencode

from funmagic import paths
from funmagic.core.money import format_price
from funmagic.credits.history import PaymentFacts, Story, StoryLine
from funmagic.i18n.translate import _, n_
from funmagic.models.credits import TransactionType

MINUS = "−"


@dataclass(frozen=True)
class LineRow:
    """A line of a story; `tone` is plus, minus, held or none, and `unit` what the amount is counted in."""

    id: str
    label: str
    amount: str
    unit: str
    tone: str
    at: str


@dataclass(frozen=True)
class StoryRow:
    """A story as the page shows it; `lines` are there where it has more than one, and times are ISO in UTC."""

    id: str
    key: str
    type: str
    badge: str
    title: str
    text: str
    href: str
    amount: str
    unit: str
    tone: str
    at: str
    lines: list[LineRow]


def view_story(story: Story) -> StoryRow:
    """The story in the language in force."""
    title, text = _words(story)
    amount, unit, tone = _figure(story.amount, story.held)
    return StoryRow(
        id=story.id,
        key=story.key,
        type=story.type,
        badge=type_words(TransactionType(story.type)),
        title=title,
        text=text,
        href=_link(story),
        amount=amount,
        unit=unit,
        tone=tone,
        at=story.lines[-1].created_at.isoformat(),
        lines=[_view_line(line) for line in story.lines] if len(story.lines) > 1 else [],
    )


def type_words(type_: TransactionType) -> str:
    """A type of line, as its badge says it."""
    return {
        TransactionType.PURCHASE: _("Purchase"),
        TransactionType.BONUS: _("Bonus"),
        TransactionType.WELCOME: _("Welcome"),
        TransactionType.RESERVATION: _("Held"),
        TransactionType.RELEASE: _("Given back"),
        TransactionType.USAGE: _("Charged"),
        TransactionType.REFUND: _("Refund"),
        TransactionType.ADMIN_ADJUST: _("Adjustment"),
    }[type_]


def credits_words(count: int) -> str:
    """So many credits."""
    return n_("{number} credit", "{number} credits", count)


def _words(story: Story) -> tuple[str, str]:
    if story.task:
        title = " · ".join(filter(None, (story.task.tool_title, story.task.step_title)))
        return title, _what_became(story)
    if story.payment:
        return _payment_words(story, story.payment)
    said = story.lines[-1].description
    titles = {
        TransactionType.PURCHASE: _("Credits bought"),
        TransactionType.BONUS: _("Bonus credits"),
        TransactionType.ADMIN_ADJUST: _("Adjusted by our team"),
    }
    if story.type == TransactionType.WELCOME:
        return _("Welcome credits"), _("A gift to start with")
    if story.type in titles:
        return titles[TransactionType(story.type)], said
    return said or type_words(TransactionType(story.type)), _what_became(story)


def _what_became(story: Story) -> str:
    """What became of the credits that a run held."""
    charged = story.total(TransactionType.USAGE)
    held = story.total(TransactionType.RESERVATION)
    match story.type:
        case TransactionType.RESERVATION:
            return _("{credits} held until it is done", credits=credits_words(held))
        case TransactionType.RELEASE:
            back = credits_words(held)
            if story.task and story.task.is_cancelled:
                return _("Cancelled: {credits} held and given back, nothing was charged", credits=back)
            return _("Failed: {credits} held and given back, nothing was charged", credits=back)
        case TransactionType.REFUND:
            refunded = credits_words(story.total(TransactionType.REFUND))
            return _("{charged} charged, {refunded} refunded", charged=credits_words(charged), refunded=refunded)
    return _("{credits} charged", credits=credits_words(charged))


def _payment_words(story: Story, payment: PaymentFacts) -> tuple[str, str]:
    name = payment.package_name
    price = format_price(payment.amount_cents, payment.currency)
    bought = f"{name} · {price}"
    words = {
        TransactionType.PURCHASE: (name, _("Bought for {price}", price=price)),
        TransactionType.BONUS: (_("Bonus with {package}", package=name), ""),
        TransactionType.RESERVATION: (_("Held while your bank's dispute is open"), bought),
        TransactionType.RELEASE: (
            _("Held while your bank's dispute was open"),
            _("{bought}: no longer held", bought=bought),
        ),
    }
    if story.type in words:
        return words[TransactionType(story.type)]
    if story.amount > 0:
        return _("Purchase given back"), _("{bought}: the money did not go back after all", bought=bought)
    spent = _("{bought}: its credits were spent already", bought=bought)
    return _("Purchase refunded"), bought if story.amount else spent


def _view_line(line: StoryLine) -> LineRow:
    amount, unit, tone = _figure(line.amount, line.reserved_delta)
    label = type_words(TransactionType(line.type))
    if line.type == TransactionType.REFUND and line.description:
        label = f"{label}: {line.description}"
    if line.type == TransactionType.RELEASE:
        amount = str(-line.reserved_delta)
        unit = _unit(line.reserved_delta)
        tone = "none"
    return LineRow(id=line.id, label=label, amount=amount, unit=unit, tone=tone, at=line.created_at.isoformat())


def _figure(amount: int, held: int) -> tuple[str, str, str]:
    """An amount, what it is counted in, and its tone."""
    if amount > 0:
        return f"+{amount}", _unit(amount), "plus"
    if amount < 0:
        return f"{MINUS}{-amount}", _unit(amount), "minus"
    if held > 0:
        return str(held), n_("credit held", "credits held", held), "held"
    return "0", _unit(0), "none"


def _unit(amount: int) -> str:
    return n_("credit", "credits", abs(amount))


def _link(story: Story) -> str:
    if story.task and not story.task.is_deleted:
        return paths.tool(story.task.tool_slug, story.task.id)
    if story.payment and story.payment.stripe_session_id:
        return f"{paths.CHECKOUT_SUCCESS}?{urlencode({'session_id': story.payment.stripe_session_id})}"
    return ""
