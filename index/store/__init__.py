"""The store: one SQLite file, its schema, integrity, writer and snapshots."""
