"""The first rows: the first super admin, providers, catalogue, packages. Seeding again changes nothing."""

import secrets

from sqlmodel import Session, select

from funmagic.accounts.passwords import hash_password
from funmagic.accounts.roles import has_super_admin, make_admin
from funmagic.catalogue.figme_styles import SEEDED_STYLES
from funmagic.core.db import reading, transaction
from funmagic.core.settings import get_settings
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
    images = _find_or_make_type(session, ToolType(name="image", title="Image", icon="image", colour="violet"))
    spaces = _find_or_make_type(session, ToolType(name="3d", title="3D", icon="box", colour="teal", position=1))
    there = set(session.exec(select(Tool.slug)))
    tools = (
        _crystal_memory(spaces.id),
        _figme(spaces.id),
        _background_remove(images.id),
    )
    session.add_all(tool for tool in tools if tool.slug not in there)


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


def _figme(tool_type_id: str) -> Tool:
    return Tool(
        slug="figme",
        kind="figme",
        tool_type_id=tool_type_id,
        title="FigMe",
        description="Turn a portrait into a stylised figure, and the figure into a 3D model that you can turn around.",
        features=[
            "Pick a style, see the figure, then decide",
            "A textured 3D model in GLB, ready for Blender, games and printing",
            "Each step tells its price before it starts",
        ],
        thumbnail="/showcase/figme.webp",
        config={"styles": SEEDED_STYLES},
        is_featured=True,
    )


def _crystal_memory(tool_type_id: str) -> Tool:
    return Tool(
        slug="crystal-memory",
        kind="crystal-memory",
        tool_type_id=tool_type_id,
        title="Crystal Memory",
        description="One click lifts a photo into space: a cloud of coloured points, a memory engraved in crystal.",
        features=[
            "Cut out and lifted into space in one go",
            "Fly around it, thin it out, let it shine",
            "A coloured PLY for Blender, MeshLab and Open3D",
        ],
        thumbnail="/showcase/crystal-memory.webp",
        is_featured=True,
    )
