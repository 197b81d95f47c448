"""What an agency gives back is settled anew, though it came back once before: for a missed target.

The agency itself says so, under the guest role.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

GUEST_UNSETTLES = """
do $do$
begin
    execute format('grant update (settled_at) on delivery to %I', current_database() || '_guest');
end
$do$
"""
LOST = """
update delivery set settled_at = null
where kind = 'report' and state = 'returned'
  and settled_at < (select max(at) from delivery_step as step
                    where step.agency_id = delivery.agency_id and step.report_id = delivery.report_id
                      and step.queue = delivery.queue and step.step = 'returned')
"""
"""Given back after it had come back for a missed target: nobody has seen to these yet."""


def upgrade() -> None:
    op.execute(GUEST_UNSETTLES)
    op.execute(LOST)
