"""Interfaces stand under NAME@MAJOR, so that two majors of one name can stand side by side

Each revision moves to the key of the major that its own document names. A document whose applied and whose enforced
revision are of different majors becomes two: the new major waits for its review, the old one goes on being enforced.
"""

import hashlib
import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from easement.store.columns import Moment, Tree

revision = "0002"
down_revision = "0003"
branch_labels = None
depends_on = None

_KIND = "Interface"
_LONGEST = 63
_MAJOR = re.compile(r"\d{1,9}")

revisions = sa.table(
    "revisions",
    sa.column("kind", sa.String),
    sa.column("name", sa.String),
    sa.column("revision", sa.String),
    sa.column("ordinal", sa.Integer),
    sa.column("body", Tree),
    sa.column("file", sa.Text),
    sa.column("author", sa.String),
    sa.column("created", Moment),
)
revision_files = sa.table(
    "revision_files", sa.column("kind", sa.String), sa.column("name", sa.String), sa.column("revision", sa.String)
)
reviews = sa.table(
    "reviews", sa.column("kind", sa.String), sa.column("name", sa.String), sa.column("revision", sa.String)
)
documents = sa.table(
    "documents",
    sa.column("kind", sa.String),
    sa.column("name", sa.String),
    sa.column("registered", sa.String),
    sa.column("enforced", sa.String),
    sa.column("removed", Moment),
    sa.column("version", sa.Integer),
)
estate_head = sa.table(
    "estate_head", sa.column("version", sa.Integer), sa.column("registered", sa.String), sa.column("changed", Moment)
)


def upgrade() -> None:
    op.create_table(
        "interface_states",
        sa.Column("interface", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("deprecated", Moment()),
        sa.Column("sunset", Moment()),
        sa.Column("successor", sa.String(length=63), nullable=False),
        sa.Column("link", sa.String(length=500), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("changed", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("interface", name=op.f("pk_interface_states")),
        comment="Where an interface version stands; one without a row is active.",
    )
    op.create_table(
        "scheduled_transitions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("due", Moment(), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("changed", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_transitions")),
        comment="What is to happen by itself at a time: deprecate, sunset, retire.",
    )
    op.create_index(op.f("ix_scheduled_transitions_state_due"), "scheduled_transitions", ["state", "due"], unique=False)
    op.create_table(
        "decommissions",
        sa.Column("integration", sa.String(length=63), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started", Moment(), nullable=False),
        sa.Column("cut", Moment()),
        sa.Column("finished", Moment()),
        sa.Column("steps", Tree, nullable=False),
        sa.Column("facts", Tree, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decommissions")),
        comment="The removal of an integration, step by step; ``steps`` are those that are done.",
    )
    _rename(_key_of)


def downgrade() -> None:
    op.drop_table("decommissions")
    op.drop_index(op.f("ix_scheduled_transitions_state_due"), table_name="scheduled_transitions")
    op.drop_table("scheduled_transitions")
    op.drop_table("interface_states")
    names = [row.name for row in op.get_bind().execute(sa.select(documents).where(documents.c.kind == _KIND))]
    if len({name.partition("@")[0] for name in names}) != len(names):
        raise ValueError("several majors of one interface are registered; the older schema has room for one of each")
    _rename(lambda name, _body: name.partition("@")[0])


def _key_of(name: str, body: object) -> str:
    """``NAME@MAJOR`` as the document itself says; a name that has its major already stays."""
    spec = body.get("spec") if isinstance(body, dict) else None
    version = str(spec.get("version", "")) if isinstance(spec, dict) else ""
    match = _MAJOR.match(version)
    if "@" in name:
        return name
    if match is None:
        raise ValueError(f"interface {name} has a revision without a version: restore the database from a backup")
    key = f"{name}@{int(match[0])}"
    if len(key) > _LONGEST:
        raise ValueError(
            f"interface {name}: its name and major version have more than {_LONGEST} characters; rename it"
        )
    return key


def _rename(key_of: Callable[[str, object], str]) -> None:
    """Revisions are copied under their new key before anything that refers to them is turned, and then removed."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(revisions).where(revisions.c.kind == _KIND)).all()
    keys = {(row.name, row.revision): key_of(row.name, row.body) for row in rows}
    moved = [row for row in rows if keys[row.name, row.revision] != row.name]
    for row in moved:
        values = dict(row._mapping) | {"name": keys[row.name, row.revision]}  # noqa: SLF001 - the documented accessor
        connection.execute(sa.insert(revisions).values(**values))
    for table in (revision_files, reviews):
        for (name, digest), key in keys.items():
            connection.execute(
                sa.update(table)
                .where(table.c.kind == _KIND, table.c.name == name, table.c.revision == digest)
                .values(name=key)
            )
    _move_documents(connection, keys)
    for row in moved:
        connection.execute(
            sa.delete(revisions).where(
                revisions.c.kind == _KIND, revisions.c.name == row.name, revisions.c.revision == row.revision
            )
        )
    if moved:
        _move_head(connection)


def _move_documents(connection: sa.Connection, keys: dict[tuple[str, str], str]) -> None:
    for row in connection.execute(sa.select(documents).where(documents.c.kind == _KIND)).all():
        registered = keys[row.name, row.registered]
        enforced = keys[row.name, row.enforced] if row.enforced else registered
        connection.execute(
            sa.update(documents)
            .where(documents.c.kind == _KIND, documents.c.name == row.name)
            .values(name=registered, enforced=row.enforced if enforced == registered else None, version=row.version + 1)
        )
        if enforced != registered:
            connection.execute(
                sa.insert(documents).values(
                    kind=_KIND, name=enforced, registered=row.enforced, enforced=row.enforced, version=1
                )
            )


def _move_head(connection: sa.Connection) -> None:
    """The hash of the registered revisions, as :func:`easement.store.documents.hash_of` has it."""
    present = connection.execute(sa.select(documents).where(documents.c.removed.is_(None))).all()
    lines = sorted(f"{row.kind}/{row.name} {row.registered}\n" for row in present)
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    connection.execute(sa.update(estate_head).values(registered=digest, version=estate_head.c.version + 1))
