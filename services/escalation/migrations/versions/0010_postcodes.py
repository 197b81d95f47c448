"""What the postcode service said last: a postcode and its district, of no report and without a time.

Agencies' requests route nothing, so that their role has no right on it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "postcode_district",
        sa.Column("postcode", sa.String(), primary_key=True),
        sa.Column("district", sa.ARRAY(sa.String()), nullable=False),
    )
