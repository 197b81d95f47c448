"""The id that whoever sent a turn gave it: sent again after its answer was lost, it is the same turn."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("call_turn", sa.Column("id", sa.Uuid(), nullable=True))
