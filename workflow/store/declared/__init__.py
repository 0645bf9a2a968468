"""The schema as facts, one a line; :mod:`workflow.store.schema` compares every database with them."""
