"""What panels, and those invited, do with a case review, in the audit record; never a word that they wrote.

They act under a role that has no right on the audit record: triggers that run as its owner write there for them. Who
acts is set for each transaction, in `heard.who`.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

RECORD = """create function case_review_is_recorded() returns trigger language plpgsql security definer
set search_path = public as $$
declare
    by_whom text := nullif(current_setting('heard.who', true), '');
    what text := tg_argv[0];
    kept jsonb := to_jsonb(new);
begin
    insert into audit_entry (at, who, action, report_id, why, detail)
    select now(), by_whom, what, review.report_id, '', jsonb_strip_nulls(jsonb_build_object(
        'review', review.id, 'body', coalesce(kept ->> 'owner', kept ->> 'agency_id'),
        'due_on', kept -> 'due_on', 'review_on', kept -> 'review_on'))
    from case_review as review
    where by_whom is not null and review.id = coalesce(kept ->> 'review_id', kept ->> 'id')::uuid;
    return null;
end $$"""
TRIGGERS = {
    "invited_to_review": ("insert", "case_review_agency", "", "invited to the case review"),
    "action_planned": ("insert", "case_review_action", "", "planned an action"),
    "action_done": (
        "update", "case_review_action", "when (old.done_at is distinct from new.done_at)", "did a planned action",
    ),
    "review_planned": (
        "update", "case_review", "when (old.review_on is distinct from new.review_on)", "planned the case review",
    ),
    "review_closed": (
        "update", "case_review", "when (old.closed_at is distinct from new.closed_at)", "closed the case review",
    ),
}  # fmt: skip


def upgrade() -> None:
    op.execute(RECORD)
    for name, (act, table, when, what) in TRIGGERS.items():
        op.execute(
            f"create trigger {name} after {act} on {table} for each row {when} "
            f"execute function case_review_is_recorded('{what}')"
        )
