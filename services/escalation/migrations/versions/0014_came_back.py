"""For what a case came back to a control room, until somebody has looked: no later reading puts it off meanwhile."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("alter table queue_item add column came_back text[] not null default '{}'")
