"""What agencies did about a case is counted each time that a board looks whether it has changed: by an index."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    with op.get_context().autocommit_block():  # agencies act meanwhile
        op.execute("drop index concurrently if exists ix_delivery_step_report_id")
        op.execute("create index concurrently ix_delivery_step_report_id on delivery_step (report_id)")
