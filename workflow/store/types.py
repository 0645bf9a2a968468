"""Column types that both databases, the ORM and the bare drivers read alike.

Instants are whole microseconds since 1970-01-01 UTC in a BIGINT. A ``timestamptz`` would be turned by the session's zone on one database
and lose its offset on the other; an integer is the same number everywhere, keeps every microsecond, and costs the write ports nothing.
"""

from datetime import UTC, datetime, timedelta
from enum import Enum as PythonEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from states.errors import MalformedInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970 UTC.

    Raises:
        MalformedInput: ``instant_without_zone``; a time that does not say where it is meant is no instant.
    """
    if instant.tzinfo is None:
        raise MalformedInput("instant_without_zone", value=instant.isoformat())
    return (instant - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC instant of :func:`to_micros`."""
    return EPOCH + micros * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as microseconds UTC."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To the stored number."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the stored number."""
        return None if value is None else from_micros(value)


class Code(TypeDecorator[str]):
    """A code or id, ordered by code point on both databases, whatever the collation of the PostgreSQL database."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """``text COLLATE "C"`` on PostgreSQL; SQLite compares bytes anyway."""
        return dialect.type_descriptor(sa.Text(collation="C") if dialect.name == "postgresql" else sa.Text())


def coded(kind: type[PythonEnum], name: str) -> sa.Enum:
    """An enumeration stored by value in a VARCHAR, with a CHECK of that name on the table."""
    return sa.Enum(
        kind, name=name, native_enum=False, create_constraint=True, length=None, values_callable=lambda e: [str(m.value) for m in e],
        validate_strings=True,
    )  # fmt: skip
