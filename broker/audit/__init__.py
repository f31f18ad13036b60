"""The audit: append-only, chained by hash per tenant, signed checkpoints outside of the database."""
