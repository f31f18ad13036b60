"""The store: SQLAlchemy on SQLite (WAL) or PostgreSQL. The only package that knows SQL."""
