"""Databases for single tests: a file copied, or a database cloned, from a template that was migrated once."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.support.postgres import APPLICATION, Cluster

Kind = Literal["sqlite", "postgresql"]
Migrate = Callable[..., None]
"""``workflow.store.migrate(url, *, app_role=None)``."""

_TEMPLATE_LOCK = 7_002_021
"""Key of the lock under which one worker migrates while the others wait."""


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated, empty database.

    Attributes:
        url: Address for the running service; on PostgreSQL it signs in as the application role.
        owner_url: Address of the owner, who may migrate; the same on SQLite.
    """

    kind: Kind
    url: str
    owner_url: str


def chosen_kind() -> Kind:
    """The database that ``OCOP_TEST_DATABASE`` names; SQLite unless it is set.

    Raises:
        ValueError: It names something else.
    """
    name = os.environ.get("OCOP_TEST_DATABASE", "sqlite")
    if name == "sqlite":
        return "sqlite"
    if name == "postgresql":
        return "postgresql"
    message = f"OCOP_TEST_DATABASE is sqlite or postgresql, not {name!r}"
    raise ValueError(message)


def sqlite_template(folder: Path, migrate: Migrate) -> Path:
    """Migrate a database file in ``folder`` and return its path."""
    path = folder / "template.db"
    migrate(f"sqlite:///{path}")
    return path


def sqlite_copy(template: Path, path: Path) -> Database:
    """Copy a template that nobody has open."""
    shutil.copyfile(template, path)
    log = template.with_name(template.name + "-wal")
    if log.exists():
        shutil.copyfile(log, path.with_name(path.name + "-wal"))
    url = f"sqlite:///{path}"
    return Database("sqlite", url, url)


def template_name(run: str) -> str:
    """Name of the template that all workers of one run share."""
    return f"ocop_template_{run}"


def postgres_template(cluster: Cluster, run: str, migrate: Migrate) -> str:
    """Migrate the run's template unless another worker did, and return its name."""
    name = template_name(run)
    with cluster.exclusive(_TEMPLATE_LOCK):
        if not cluster.has_database(name):
            cluster.ensure_application_role()
            try:
                migrate(cluster.create_database(name), app_role=APPLICATION)
            except BaseException:
                cluster.drop_database(name)
                raise
    return name


def postgres_clone(cluster: Cluster, template: str, name: str) -> Database:
    """Clone a template."""
    owner_url = cluster.create_database(name, template)
    return Database("postgresql", cluster.url(name, APPLICATION), owner_url)
