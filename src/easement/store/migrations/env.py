"""Alembic's entry: runs the migrations on the connection that :func:`easement.store.migrate.upgrade` hands over."""

from alembic import context

import easement.store.tables_changes
import easement.store.tables_lifecycle
import easement.store.tables_probes
import easement.store.tables_registry
import easement.store.tables_reviews  # noqa: F401 - the same
from easement.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
