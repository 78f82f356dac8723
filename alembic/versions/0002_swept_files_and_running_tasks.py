"""When the files of a task's failed attempts were swept; and an index of each user's running tasks."""

import sqlalchemy as sa
from alembic import op

from funmagic.models.base import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IS_RUNNING = "status IN ('pending', 'queued', 'processing')"


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("tasks") as tasks:
        tasks.add_column(sa.Column("files_swept_at", UtcDateTime(), nullable=True))
    op.create_index(
        "ix_tasks_unswept",
        "tasks",
        ["finished_at"],
        sqlite_where=sa.text("files_swept_at IS NULL"),
        postgresql_where=sa.text("files_swept_at IS NULL"),
    )
    op.create_index(
        "ix_tasks_running",
        "tasks",
        ["user_id"],
        sqlite_where=sa.text(IS_RUNNING),
        postgresql_where=sa.text(IS_RUNNING),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_tasks_running", table_name="tasks")
    op.drop_index("ix_tasks_unswept", table_name="tasks")
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_column("files_swept_at")
