"""The control room: leases, people, notes, overrides, links, alerts, and the audit chain."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

VERSIONS = (
    """create function queue_item_moved() returns trigger language plpgsql as $$
begin new.version := old.version + 1; return new; end $$""",
    """create trigger queue_item_moved before update of
        force, queues, danger_class, grade_order, target_at, state, holder, contacted_at
    on queue_item for each row execute function queue_item_moved()""",
)

APPEND_ONLY = (
    """create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.position is null and new.position is not null and
       (new.id, new.at, new.who, new.action, new.report_id, new.why, new.detail) is not distinct from
       (old.id, old.at, old.who, old.action, old.report_id, old.why, old.detail)
    then return new; end if;
    raise exception 'the audit record is append-only';
end $$""",
    """create trigger audit_rows_stay before update or delete on audit_entry
    for each row execute function audit_is_append_only()""",
    """create trigger audit_table_stays before truncate on audit_entry
    for each statement execute function audit_is_append_only()""",
)


def when(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def words(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=nullable)


def flag(name: str, default: str = "false") -> sa.Column[object]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text(default), nullable=False)


def of_case(name: str = "report_id") -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey("cases.report_id"), nullable=False)


def upgrade() -> None:
    _people()
    _queue()
    _cases()
    _audit()


def _people() -> None:
    op.create_table(
        "person",
        words("id"), words("name"), words("role"), words("belongs_to"), words("password_hash", nullable=True),
        flag("active", "true"), sa.Column("theme", sa.String(), server_default=sa.text("'dark'"), nullable=False),
        flag("muted"), flag("keys", "true"),
        sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_table(
        "session",
        words("token_hash"), words("person_id"), when("signed_in_at"), when("expires_at"),
        sa.PrimaryKeyConstraint("token_hash"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
    )  # fmt: skip
    op.create_index(op.f("ix_session_person_id"), "session", ["person_id"])


def _queue() -> None:
    op.drop_index("queue_item_rank", "queue_item")
    for column in (
        flag("drill"),
        flag("rerouted"),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        words("holder", nullable=True), words("holder_name", nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True), words("lease_key", nullable=True),
        when("lease_until", nullable=True), when("claimed_at", nullable=True), when("contacted_at", nullable=True),
        when("closed_at", nullable=True), words("outcome", nullable=True),
    ):  # fmt: skip
        op.add_column("queue_item", column)
    op.create_index(
        "queue_item_rank", "queue_item", ["drill", "danger_class", "grade_order", "target_at", "report_id"],
        postgresql_where=sa.text("state <> 'closed'"),
    )  # fmt: skip
    for statement in VERSIONS:
        op.execute(statement)
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), nullable=False), of_case(), words("kind"), when("raised_at"),
        when("again_at"), sa.Column("times", sa.Integer(), nullable=False), when("cleared_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_index(
        "alert_standing", "alert", ["report_id", "kind"], unique=True, postgresql_where=sa.text("cleared_at is null")
    )


def _cases() -> None:
    op.add_column("cases", sa.Column("override", postgresql.JSONB(), nullable=True))
    op.create_table(
        "overridden",
        sa.Column("id", sa.BigInteger(), nullable=False), of_case(),
        sa.Column("revision", sa.Integer(), nullable=False),
        when("at"), words("who"), words("why"),
        sa.Column("override", postgresql.JSONB(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_index(op.f("ix_overridden_report_id"), "overridden", ["report_id"])
    op.create_table(
        "note",
        sa.Column("id", sa.BigInteger(), nullable=False), of_case(), when("at"), words("who"), words("words"),
        sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_index(op.f("ix_note_report_id"), "note", ["report_id"])
    op.create_table(
        "case_link",
        of_case(), of_case("other_id"), when("at"), words("who"), words("why"),
        words("disputed_by", nullable=True), words("disputed_why", nullable=True),
        sa.PrimaryKeyConstraint("report_id", "other_id"),
    )  # fmt: skip
    op.create_index(op.f("ix_case_link_other_id"), "case_link", ["other_id"])


def _audit() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), nullable=False), when("at"), words("who"), words("action"),
        sa.Column("report_id", sa.Uuid(), nullable=True), words("why"),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True), sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_index("audit_entry_case", "audit_entry", ["report_id", "id"])
    op.create_index("audit_entry_position", "audit_entry", ["position"], unique=True)
    op.create_index("audit_entry_unsealed", "audit_entry", ["id"], postgresql_where=sa.text("position is null"))
    for statement in APPEND_ONLY:
        op.execute(statement)
