"""The first rows: the first super admin, the providers, the catalogue. Seeding again changes nothing."""

import secrets

from sqlmodel import Session, select

from funmagic.accounts.passwords import hash_password
from funmagic.accounts.roles import has_super_admin, make_admin
from funmagic.db import reading, transaction
from funmagic.models.providers import Provider
from funmagic.models.tools import Tool, ToolType
from funmagic.models.users import Role
from funmagic.settings import get_settings


def seed() -> tuple[str, str] | None:
    """Make what is missing; returns the first super admin's email and password when this call made them."""
    with transaction() as session:
        seed_catalogue(session)
    with reading() as session:
        if has_super_admin(session):
            return None
    return _make_super_admin()


def seed_catalogue(session: Session) -> None:
    """Make the providers, the tool types and the tools that are not there yet."""
    if session.exec(select(Provider).where(Provider.name == "local")).first() is None:
        session.add(Provider(name="local", display_name="This machine", type="local"))
    tool_type = session.exec(select(ToolType).where(ToolType.name == "image")).first()
    if tool_type is None:
        tool_type = ToolType(name="image", title="Image", icon="image", colour="violet")
        session.add(tool_type)
        session.flush()
    if session.exec(select(Tool).where(Tool.slug == "background-remove")).first() is None:
        session.add(_background_remove(tool_type.id))


def _make_super_admin() -> tuple[str, str]:
    settings = get_settings()
    password = settings.super_admin_password.get_secret_value() or secrets.token_urlsafe(12)
    password_hash = hash_password(password)
    with transaction() as session:
        make_admin(session, settings.super_admin_email, role=Role.SUPER_ADMIN, password_hash=password_hash)
    return settings.super_admin_email, password


def _background_remove(tool_type_id: str) -> Tool:
    return Tool(
        slug="background-remove",
        kind="background-remove",
        tool_type_id=tool_type_id,
        title="Background Remove",
        description="Lift any subject off its background, down to the last hair. "
        "You get a full-size PNG with a clean, transparent backdrop.",
        features=[
            "Full resolution, never scaled down",
            "Soft edges for hair and fur, with no colour fringe",
            "A real transparent PNG, ready for any design",
        ],
        thumbnail="/showcase/background-remove.webp",
        is_featured=True,
    )
