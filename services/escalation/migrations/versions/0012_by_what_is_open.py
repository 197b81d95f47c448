"""What is asked every second, or by every page, goes by what is open and not by all that ever came.

Deliveries without a target, to police and others with queues of their own, stay `queued` for good: nothing that looks
for what was left lying goes through them.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

STATEMENTS = (
    "drop index delivery_unsettled",
    """create index delivery_unsettled on delivery (acknowledge_by)
       where kind = 'report' and settled_at is null and state in ('queued', 'seen') and acknowledge_by is not null""",
    """create index delivery_returned on delivery (acknowledge_by, position)
       where kind = 'report' and state = 'returned' and settled_at is null""",
    """create index delivery_to_do on delivery (agency_id, acknowledge_by, position)
       where kind = 'report' and state in ('queued', 'seen', 'acknowledged')""",
    """create index delivery_done on delivery (agency_id, position)
       where kind = 'report' and state in ('closed', 'returned')""",
    """create index delivery_open on delivery (report_id)
       where kind = 'report' and state in ('queued', 'seen', 'acknowledged') and acknowledge_by is not null""",
    "create index queue_item_open on queue_item (report_id) where state <> 'closed'",
    "create index queue_item_closed on queue_item (closed_at) where closed_at is not null",
    "create index queue_item_newest on queue_item (force, opened_at)",
    "create index cases_no_receipt on cases (report_id) where receipt is null",
    "create index alert_report on alert (report_id)",
    "create index ix_set_aside_report_id on set_aside (report_id)",
    "create index ix_case_review_report_id on case_review (report_id)",
    "create index ix_case_review_reference on case_review (reference)",
    "create index ix_case_review_report_review_id on case_review_report (review_id)",
    """create index case_review_action_late on case_review_action (due_on)
       where done_at is null and came_back_at is null""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
