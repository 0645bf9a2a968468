"""Connections to PostgreSQL: few, kept warm, thrown away when the server has gone."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from states.errors import MalformedInput, StoreUnsafe

Connection = psycopg.Connection[tuple[Any, ...]]

_AWAY = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)
"""The server has gone, or is a copy that may only be read, as after a change of places."""
POOL_SIZE = 16
"""Eight to sixteen connections let PostgreSQL share its commits on a real disk."""


class Pool:
    """At most ``size`` connections, the one used last first, so that prepared statements and caches stay warm."""

    def __init__(self, conninfo: str, size: int = POOL_SIZE) -> None:
        self._conninfo = conninfo
        self._idle: deque[Connection] = deque()
        self._slots = threading.BoundedSemaphore(size)
        self._closed = False

    def connect(self) -> Connection:
        """A new connection of the caller's own, autocommitting and preparing every statement at its first use.

        Raises:
            StoreUnsafe: ``database_unavailable``.
            MalformedInput: ``database_url_malformed``; libpq's own words would repeat the address with its password.
        """
        try:
            connection = psycopg.connect(self._conninfo, autocommit=True, application_name="ocop", connect_timeout=10)
        except psycopg.ProgrammingError:
            raise MalformedInput("database_url_malformed") from None
        except psycopg.OperationalError as error:
            raise StoreUnsafe("database_unavailable", reason=str(error).strip()) from error
        connection.prepare_threshold = 0
        return connection

    @contextmanager
    def use(self) -> Iterator[Connection]:
        """A connection for one read or one transaction.

        Raises:
            StoreUnsafe: ``database_unavailable`` if the server cannot be reached or is lost on the way. Whether a write was carried out
                is then unknown; the same command may be repeated, its id makes that harmless.
        """
        with self._slots:
            if self._closed:
                raise StoreUnsafe("database_unavailable", reason="closed")
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self.connect()
            try:
                yield connection
            except _AWAY as error:
                if connection.closed:
                    self._forget()
                raise StoreUnsafe("database_unavailable", reason=str(error).strip()) from error
            finally:
                if connection.closed or self._closed:
                    connection.close()
                else:
                    self._idle.append(connection)

    def _forget(self) -> None:
        """One connection is lost, so the server was stopped or the net cut: the idle ones are no better."""
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they come back."""
        self._closed = True
        self._forget()
