"""What a call was opened with, as it came: opened so again it is the same call, whatever was corrected since.

A table of its own: processes from before it read every column of `call`.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "call_opening",
        sa.Column("report_id", sa.Uuid(), primary_key=True),
        sa.Column("given", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["call.report_id"], ondelete="CASCADE"),
    )
