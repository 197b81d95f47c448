"""What an agency has not taken on comes before what it has; and what was corrected since it did is marked.

The agency itself says that it has done something about it, under the guest role.
"""

from alembic import op

revision = "0013"
down_revision = "0012"

TO_DO = """delivery (agency_id, (state = 'acknowledged'), acknowledge_by, position)
    where kind = 'report' and state in ('queued', 'seen', 'acknowledged')"""

STATEMENTS = (
    "alter table delivery add column if not exists changed boolean not null default false",
    """do $do$
       begin
           execute format('grant update (changed) on delivery to %I', current_database() || '_guest');
       end
       $do$""",
    """update delivery set changed = true
       where kind = 'report' and state = 'acknowledged'
         and (select max(delivered_at) from delivery as later
              where later.report_id = delivery.report_id and later.agency_id = delivery.agency_id
                and later.queue = delivery.queue and later.kind = 'corrected')
           > (select max(at) from delivery_step as step
              where step.agency_id = delivery.agency_id and step.report_id = delivery.report_id
                and step.queue = delivery.queue)""",
)
"""The last marks what was corrected before there was a mark."""


def upgrade() -> None:
    with op.get_context().autocommit_block():  # the portal works meanwhile
        op.execute("drop index concurrently if exists delivery_to_do_now")
        op.execute(f"create index concurrently delivery_to_do_now on {TO_DO}")
        op.execute("drop index concurrently if exists delivery_to_do")
        op.execute("alter index delivery_to_do_now rename to delivery_to_do")
        for statement in STATEMENTS:
            op.execute(statement)
