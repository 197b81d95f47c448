"""The outbox as every service has it: here nobody takes turns."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("turn", sa.String(), nullable=True))
