"""What is asked every second, or by every page, goes by what is open and not by all that ever came.

Deliveries without a target, to police and others with queues of their own, stay `queued` for good: nothing that looks
for what was left lying goes through them.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

INDEXES = {
    "delivery_unsettled_now": """delivery (acknowledge_by)
       where kind = 'report' and settled_at is null and state in ('queued', 'seen') and acknowledge_by is not null""",
    "delivery_returned": """delivery (acknowledge_by, position)
       where kind = 'report' and state = 'returned' and settled_at is null""",
    "delivery_to_do": """delivery (agency_id, acknowledge_by, position)
       where kind = 'report' and state in ('queued', 'seen', 'acknowledged')""",
    "delivery_done": """delivery (agency_id, position)
       where kind = 'report' and state in ('closed', 'returned')""",
    "delivery_open": """delivery (report_id)
       where kind = 'report' and state in ('queued', 'seen', 'acknowledged') and acknowledge_by is not null""",
    "queue_item_open": "queue_item (report_id) where state <> 'closed'",
    "queue_item_closed": "queue_item (closed_at) where closed_at is not null",
    "queue_item_newest": "queue_item (force, opened_at)",
    "cases_no_receipt": "cases (report_id) where receipt is null",
    "alert_report": "alert (report_id)",
    "ix_set_aside_report_id": "set_aside (report_id)",
    "ix_case_review_report_id": "case_review (report_id)",
    "ix_case_review_reference": "case_review (reference)",
    "ix_case_review_report_review_id": "case_review_report (review_id)",
    "case_review_action_late": "case_review_action (due_on) where done_at is null and came_back_at is null",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():  # the control room works meanwhile: nothing here makes it wait
        for name, of in INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")  # half made, where this was cut short
            op.execute(f"create index concurrently {name} on {of}")
        op.execute("drop index concurrently if exists delivery_unsettled")
        op.execute("alter index delivery_unsettled_now rename to delivery_unsettled")
