"""Which revision of a live call the assessment kept with it is of."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("call", sa.Column("read_revision", sa.Integer(), nullable=False, server_default="0"))
