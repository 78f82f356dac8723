"""Who is looking: the one small fact that services receive about a signed-in person."""

from dataclasses import dataclass

from funmagic.models.users import Role, User

# How many columns a viewer is made of.
VIEWER_COLUMNS = 6


@dataclass(frozen=True)
class Viewer:
    """A signed-in user, as the session said a moment ago."""

    id: str
    email: str
    name: str
    role: str
    is_verified: bool = False
    # Credits ever bought, which decide how often they may ask.
    lifetime_purchased: int = 0

    @classmethod
    def of(cls, user: User) -> "Viewer":
        """The viewer that a user's row stands for."""
        return cls(
            id=user.id, email=user.email, name=user.name, role=user.role, is_verified=user.email_verified_at is not None
        )

    @property
    def is_admin(self) -> bool:
        """Whether the dashboard is open to them."""
        return self.role in (Role.ADMIN, Role.SUPER_ADMIN)

    @property
    def is_super_admin(self) -> bool:
        """Whether user management and system settings are open to them."""
        return self.role == Role.SUPER_ADMIN
