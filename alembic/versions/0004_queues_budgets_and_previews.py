"""Steps name their queue and their time, assets their preview, and providers why they are not well."""

import sqlalchemy as sa
from alembic import op

from funmagic.models.base import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("task_steps") as steps:
        steps.add_column(sa.Column("queue", sa.String(20), nullable=False, server_default="ai-tasks"))
        steps.add_column(sa.Column("timeout_s", sa.Integer(), nullable=False, server_default="600"))
        steps.add_column(sa.Column("job_started_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("task_steps") as steps:
        steps.alter_column("queue", server_default=None)
        steps.alter_column("timeout_s", server_default=None)
    with op.batch_alter_table("assets") as assets:
        assets.add_column(sa.Column("preview_key", sa.String(300), nullable=True))
    with op.batch_alter_table("providers") as providers:
        providers.add_column(sa.Column("health_note", sa.String(300), nullable=True))
    op.drop_index("ix_tasks_tool_id", table_name="tasks")
    op.create_index("ix_tasks_tool_id_id", "tasks", ["tool_id", "id"])


def downgrade() -> None:
    """Undo the change."""
    op.drop_index("ix_tasks_tool_id_id", table_name="tasks")
    op.create_index("ix_tasks_tool_id", "tasks", ["tool_id"])
    with op.batch_alter_table("providers") as providers:
        providers.drop_column("health_note")
    with op.batch_alter_table("assets") as assets:
        assets.drop_column("preview_key")
    with op.batch_alter_table("task_steps") as steps:
        steps.drop_column("job_started_at")
        steps.drop_column("timeout_s")
        steps.drop_column("queue")
