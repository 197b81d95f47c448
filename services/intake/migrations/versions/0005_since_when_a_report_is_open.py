"""Since when the newest words of a report have had no receipt; what was told more and waits for one is open too."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("report", sa.Column("open_since", sa.DateTime(timezone=True), nullable=True))
    op.execute("update report set open_since = received_at where routed_at is null")
    op.execute(
        "update report set open_since = now() where open_since is null and (receipt ->> 'revision')::int < revision"
    )
    op.drop_index("report_open", "report")
    op.create_index("report_open", "report", ["open_since"], postgresql_where=sa.text("open_since is not null"))
    op.create_index("outbox_erasing", "outbox", ["id"], postgresql_where=sa.text("topic = 'reports.erased'"))
