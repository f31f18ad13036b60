"""Triggers that keep audit records and checkpoints as they were written.

A record takes its seal once; nothing else of it changes, and none is removed. Whoever may alter tables can still
drop these triggers: the chain and its anchors are for that.
"""

from alembic import op

revision = "0006_audit_kept"
down_revision = "0005_audit"
branch_labels = None
depends_on = None

CONTENT = ("id", "tenant_id", "at", "event", "version", "actor", "subject", "outcome", "address", "detail")
REFUSAL = "the audit is append-only"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _keep_on_sqlite()
    else:
        _keep_on_postgresql()


def _keep_on_sqlite() -> None:
    changed = " OR ".join(f'NEW."{column}" IS NOT OLD."{column}"' for column in CONTENT)
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    op.execute(
        "CREATE TRIGGER audit_record_change BEFORE UPDATE ON audit_record "
        f"WHEN OLD.seq IS NOT NULL OR {changed} {refuse}"
    )
    op.execute(f"CREATE TRIGGER audit_record_removal BEFORE DELETE ON audit_record {refuse}")
    op.execute(f"CREATE TRIGGER audit_checkpoint_change BEFORE UPDATE ON audit_checkpoint {refuse}")
    op.execute(f"CREATE TRIGGER audit_checkpoint_removal BEFORE DELETE ON audit_checkpoint {refuse}")


def _keep_on_postgresql() -> None:
    changed = " OR ".join(f'NEW."{column}" IS DISTINCT FROM OLD."{column}"' for column in CONTENT)
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_record_change BEFORE UPDATE ON audit_record FOR EACH ROW "
        f"WHEN (OLD.seq IS NOT NULL OR {changed}) EXECUTE FUNCTION refuse_audit_change()"
    )
    for name, table, what in (
        ("audit_record_removal", "audit_record", "DELETE OR TRUNCATE"),
        ("audit_checkpoint_change", "audit_checkpoint", "UPDATE OR DELETE OR TRUNCATE"),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
