"""By what key a program sent a note, so that one sent again is written once; and what somebody did on one day is found.

Older processes write notes without a key meanwhile, and nothing waits: a column that may be null, an index made beside.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

OF_SOMEBODY = "audit_entry (who, at) where who not in ('classifier', 'escalation', 'intake')"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("alter table delivery_step add column if not exists key uuid")
        op.execute("drop index concurrently if exists audit_entry_who")  # half made, where this was cut short
        op.execute(f"create index concurrently audit_entry_who on {OF_SOMEBODY}")
