"""What runs with its owner's rights names where it looks: a temporary table comes last there, and not before ours."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for function in ("delivery_step_is_recorded()", "case_review_is_recorded()"):
        op.execute(f"alter function {function} set search_path = pg_catalog, public, pg_temp")
