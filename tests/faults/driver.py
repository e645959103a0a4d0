"""apsw in the place of the log's SQLite driver, so that the real store runs on a disk of our making.

``ApswDriver`` has what ``bel.driver`` asks of a driver, and no more. The SQLite inside apsw is another build than the
one that users run, of the same kind: what is tried here is what the store does and SQLite does for it.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (the stubs of apsw name a type that Python has from 3.12 on)

import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from bel import driver
from bel.driver import DriverError

Row = tuple[Any, ...]

if TYPE_CHECKING:
    Base = sqlite3.Error
else:
    Base = DriverError


class Failure(Base):
    """An error of apsw as the drivers of the standard kind would raise it."""

    def __init__(self, error: apsw.Error) -> None:
        super().__init__(str(error) or type(error).__name__)
        self.sqlite_errorcode = int(getattr(error, "extendedresult", 0))


@contextmanager
def _as_driver_errors() -> Generator[None]:
    try:
        yield
    except apsw.Error as error:
        raise Failure(error) from error


class Result:
    """A statement that has run to its end."""

    def __init__(self, rows: list[Row], rowcount: int) -> None:
        self._rows = iter(rows)
        self.rowcount = rowcount

    def fetchone(self) -> Row | None:
        return next(self._rows, None)

    def fetchall(self) -> list[Row]:
        return list(self._rows)


class ApswConnection:
    """As much of a connection as the log uses."""

    def __init__(self, address: str, vfs: str) -> None:
        with _as_driver_errors():
            self._real = apsw.Connection(address, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI, vfs)

    @property
    def in_transaction(self) -> bool:
        return self._real.in_transaction

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Result:
        with _as_driver_errors():
            rows = self._real.execute(statement, values).fetchall()
            return Result(rows, self._real.changes())

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        with _as_driver_errors():
            self._real.executemany(statement, rows)

    def close(self) -> None:
        # SQLite says nothing of a last checkpoint that fails; apsw would.
        with suppress(apsw.Error):
            self._real.close()


class ApswDriver:
    """Connects through one VFS."""

    def __init__(self, vfs: str) -> None:
        self._vfs = vfs

    def connect(self, address: str, **_: object) -> ApswConnection:
        return ApswConnection(address, self._vfs)


@contextmanager
def driven_by(vfs: str) -> Generator[None]:
    """Let every connection that the log opens go through this VFS of apsw."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "_driver", ApswDriver(vfs))
        yield
