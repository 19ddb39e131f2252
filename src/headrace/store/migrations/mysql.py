"""What Alembic does on MySQL, where each change of the schema commits at once, so a kill leaves half a migration.

Run again, a migration passes over what is there already. Tables get the binary collation of this server that also tells
trailing spaces apart, which MySQL and MariaDB name differently.
"""

from typing import Any

from alembic.ddl.mysql import MySQLImpl
from sqlalchemy import Table, text
from sqlalchemy.exc import DBAPIError

_DONE_BEFORE = (1050, 1060, 1061, 1091)
"""The table, column or index is there already; what is to be dropped is not."""


class Resumable(MySQLImpl):
    """Found by Alembic under the name of the dialect."""

    __dialect__ = "mysql"

    def create_table(self, table: Table, **options: Any) -> None:
        table.dialect_kwargs["mysql_collate"] = self._collation()
        super().create_table(table, **options)

    def _exec(self, construct: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return super()._exec(construct, *arguments, **options)
        except DBAPIError as error:
            if error.orig is None or error.orig.args[0] not in _DONE_BEFORE:
                raise
            return None

    def _collation(self) -> str:
        assert self.connection is not None
        exact = text(
            "SELECT collation_name FROM information_schema.collations"
            " WHERE collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')"
        )
        return self.connection.execute(exact).scalar() or "utf8mb4_bin"
