"""Who takes turns with the other sources of a flood."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("turn", sa.String(), nullable=True))
