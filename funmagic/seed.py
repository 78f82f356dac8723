"""The first rows: the first super admin, providers, catalogue, packages. Seeding again changes nothing."""

import secrets

from sqlmodel import Session, select

from funmagic.accounts.passwords import hash_password
from funmagic.accounts.roles import has_super_admin, make_admin
from funmagic.catalogue.kinds import Listing
from funmagic.catalogue.registry import TOOL_KINDS
from funmagic.core.db import reading, transaction
from funmagic.core.settings import get_settings
from funmagic.i18n.translate import N_
from funmagic.models.billing import CreditPackage
from funmagic.models.providers import Provider
from funmagic.models.tools import Tool, ToolType
from funmagic.models.users import Role


def seed() -> tuple[str, str] | None:
    """Make what is missing; returns the first super admin's email and password when this call made them."""
    with transaction() as session:
        seed_catalogue(session)
    with reading() as session:
        if has_super_admin(session):
            return None
    return _make_super_admin()


def seed_catalogue(session: Session) -> None:
    """Make the providers, the packages, the tool types and the tools that are not there yet."""
    if session.exec(select(Provider).where(Provider.name == "local")).first() is None:
        session.add(Provider(name="local", display_name="This machine", type="local"))
    if session.exec(select(CreditPackage.id).limit(1)).first() is None:
        session.add_all(_packages())
    types = {
        wanted.name: _find_or_make_type(session, wanted)
        for wanted in (
            ToolType(name="image", title=N_("Image"), icon="image", colour="violet"),
            ToolType(name="3d", title=N_("3D"), icon="box", colour="teal", position=1),
        )
    }
    there = set(session.exec(select(Tool.slug)))
    for kind in TOOL_KINDS.values():
        if kind.listing and kind.name not in there:
            session.add(_tool(kind.name, kind.listing, types[kind.listing.tool_type]))


def _packages() -> list[CreditPackage]:
    return [
        CreditPackage(name="Starter", credits=100, price_cents=999, position=0),
        CreditPackage(name="Creator", credits=300, bonus_credits=30, price_cents=2499, is_popular=True, position=1),
        CreditPackage(name="Studio", credits=1000, bonus_credits=200, price_cents=6999, position=2),
    ]


def _find_or_make_type(session: Session, wanted: ToolType) -> ToolType:
    found = session.exec(select(ToolType).where(ToolType.name == wanted.name)).first()
    if found is None:
        session.add(wanted)
        session.flush()
    return found or wanted


def _tool(name: str, listing: Listing, tool_type: ToolType) -> Tool:
    return Tool(
        slug=name,
        kind=name,
        tool_type_id=tool_type.id,
        title=listing.title,
        description=listing.description,
        features=list(listing.features),
        thumbnail=listing.thumbnail,
        config=listing.config,
        is_featured=listing.is_featured,
    )


def _make_super_admin() -> tuple[str, str]:
    settings = get_settings()
    password = settings.super_admin_password.get_secret_value() or secrets.token_urlsafe(12)
    password_hash = hash_password(password)
    with transaction() as session:
        make_admin(session, settings.super_admin_email, role=Role.SUPER_ADMIN, password_hash=password_hash)
    return settings.super_admin_email, password
