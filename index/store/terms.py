"""The numbers by which the store knows tokens."""

from __future__ import annotations

from index.store.connection import Connection
from index.store.integrity import row_checksum
from index.store.schema import next_number


class TermNumbers:
    """Gives each token its number: the stored one, or the next one for a new token."""

    def __init__(self, db: Connection) -> None:
        """Read and write the table `terms` of `db`, within the caller's transactions."""
        self._db = db
        self._known: dict[str, int] = {}

    def number_of(self, token: str) -> int:
        """Return the number of a token, stored with it from now on."""
        number = self._known.get(token)
        if number is None:
            number = self._known[token] = self._stored_number(token)
        return number

    def reset(self) -> None:
        """Forget what is held in memory, after a transaction was rolled back."""
        self._known.clear()

    def _stored_number(self, token: str) -> int:
        row = self._db.execute("SELECT number FROM terms WHERE token = ?", (token,)).fetchone()
        if row is not None:
            return int(row[0])
        number = next_number(self._db, "terms")
        self._db.execute("INSERT INTO terms VALUES (?,?,?)", (number, token, row_checksum(number, token)))
        return number
