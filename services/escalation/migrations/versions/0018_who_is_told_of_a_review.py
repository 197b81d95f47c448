"""Of several reporters who were offered a case review, or ask for one, each is answered.

An older process says it of one alone, beside `offered` and `report_id`: read so where these columns are empty.
"""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("alter table case_review add column if not exists told uuid[], add column if not exists asked uuid[]")
