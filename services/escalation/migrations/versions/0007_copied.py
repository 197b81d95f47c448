"""Which reports have near-copies, without a look at those that have none.

A column of its own, since nothing is known beforehand of how often `fold <> report_id` is true.
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        "alter table queue_item add column is_copy boolean not null "
        "generated always as (coalesce(fold <> report_id, false)) stored"
    )
    op.execute("create index queue_item_copy on queue_item (fold) where state <> 'closed' and is_copy")
