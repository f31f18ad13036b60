"""Triggers that close what 0006 left open: a record, a head or a checkpoint put in the place of another one.

SQLite removes the row that ``OR REPLACE`` collides with and fires no delete trigger for it, so a collision is
refused before it happens. On PostgreSQL a collision fires the triggers for updates. On both, a record is born
without a seal, and the head of a chain moves forward only, to a record that has the head's hash.
"""

from alembic import op

revision = "0008_audit_guard"
down_revision = "0006_audit_kept"
branch_labels = None
depends_on = None

REFUSAL = "the audit is append-only"
BORN_SEALED = "NEW.seq IS NOT NULL OR NEW.previous_hash IS NOT NULL OR NEW.record_hash IS NOT NULL"
# An id that the database is about to give out reads as -1: no record has that one.
TAKEN_ID = "EXISTS (SELECT 1 FROM audit_record AS it WHERE it.id = NEW.id)"
NO_SUCH_RECORD = (
    "NOT EXISTS (SELECT 1 FROM audit_record AS it WHERE it.tenant_id = NEW.tenant_id "
    "AND it.seq = NEW.seq AND it.record_hash = NEW.record_hash)"
)
BEHIND_THE_HEAD = "EXISTS (SELECT 1 FROM audit_head AS it WHERE it.tenant_id = NEW.tenant_id AND it.seq >= NEW.seq)"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _guard_on_sqlite() -> None:
    taken_seal = (
        "EXISTS (SELECT 1 FROM audit_record AS it WHERE it.tenant_id = NEW.tenant_id "
        "AND it.seq = NEW.seq AND it.id <> NEW.id)"
    )
    for name, event, table, refused in (
        (
            "audit_record_birth",
            "INSERT",
            "audit_record",
            f"{BORN_SEALED} OR {TAKEN_ID}",
        ),
        (
            "audit_record_seal",
            "UPDATE",
            "audit_record",
            f"NEW.seq IS NOT NULL AND ({taken_seal} OR {BEHIND_THE_HEAD})",
        ),
        (
            "audit_head_birth",
            "INSERT",
            "audit_head",
            "NEW.seq <> 0 OR EXISTS (SELECT 1 FROM audit_head AS it WHERE it.tenant_id = NEW.tenant_id)",
        ),
        (
            "audit_head_move",
            "UPDATE",
            "audit_head",
            f"NEW.tenant_id <> OLD.tenant_id OR NEW.seq <= OLD.seq OR {NO_SUCH_RECORD}",
        ),
        ("audit_head_removal", "DELETE", "audit_head", "1"),
        (
            "audit_checkpoint_birth",
            "INSERT",
            "audit_checkpoint",
            "EXISTS (SELECT 1 FROM audit_checkpoint AS it WHERE it.tenant_id = NEW.tenant_id AND it.seq = NEW.seq)",
        ),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {refused} "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )


def _guard_on_postgresql() -> None:
    _refuse_when("audit_record_seal", "audit_record", "UPDATE", f"NEW.seq IS NOT NULL AND {BEHIND_THE_HEAD}")
    _refuse_when(
        "audit_head_move",
        "audit_head",
        "UPDATE",
        f"NEW.tenant_id <> OLD.tenant_id OR NEW.seq <= OLD.seq OR {NO_SUCH_RECORD}",
    )
    for name, table, refused in (
        ("audit_record_birth", "audit_record", BORN_SEALED),
        ("audit_head_birth", "audit_head", "NEW.seq <> 0"),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW "
            f"WHEN ({refused}) EXECUTE FUNCTION refuse_audit_change()"
        )
    op.execute(
        "CREATE TRIGGER audit_head_removal BEFORE DELETE OR TRUNCATE ON audit_head "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )


def _refuse_when(name: str, table: str, event: str, refused: str) -> None:
    """A trigger whose condition asks other rows, which ``WHEN`` may not."""
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused} THEN "
        f"RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; "
        "END IF; RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
