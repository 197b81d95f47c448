"""What a process from before 0005 keeps, while one after the other is brought up to date, is open too.

What such a process closes is not: the receipt says so, and not `open_since`, which it does not know.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

OPEN = "open_since is not null and (receipt is null or (receipt ->> 'revision')::int < revision)"


def upgrade() -> None:
    op.alter_column("report", "open_since", server_default=sa.text("now()"))
    with op.get_context().autocommit_block():  # reports come meanwhile: nothing here makes them wait
        op.execute("update report set open_since = received_at where open_since is null and routed_at is null")
        op.execute("drop index concurrently if exists report_open_now")  # half made, where this was cut short
        op.execute(f"create index concurrently report_open_now on report (open_since) where {OPEN}")
        op.execute("drop index concurrently if exists report_open")
        op.execute("alter index report_open_now rename to report_open")
