"""Alembic's folder; run it through :func:`workflow.store.migrate`."""
