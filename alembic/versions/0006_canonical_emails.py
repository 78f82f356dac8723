"""Every user's email in its canonical form; where two are the same then, both stay, and the log names them."""

from collections import defaultdict

import sqlalchemy as sa
import structlog
from alembic import op

from funmagic.core.emails import canonical_email

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

log = structlog.get_logger()
USERS = sa.table("users", sa.column("id", sa.String), sa.column("email", sa.String))


def upgrade() -> None:
    """Apply the change."""
    connection = op.get_bind()
    same = defaultdict(list)
    for user_id, email in connection.execute(sa.select(USERS.c.id, USERS.c.email)):
        same[canonical_email(email)].append((user_id, email))
    for canonical, users in same.items():
        if len(users) > 1:
            # Whose it is, nobody can tell from here: support decides.
            log.warning("emails_collide", user_ids=sorted(user_id for user_id, _ in users))
        elif users[0][1] != canonical:
            connection.execute(USERS.update().where(USERS.c.id == users[0][0]).values(email=canonical))


def downgrade() -> None:
    """Keep what there is: how emails were once spelled is not known any more."""
