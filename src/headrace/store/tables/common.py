"""What all tables share: the metadata, and the types of what stands in many."""

from typing import Any

from sqlalchemy import VARBINARY, BigInteger, Integer, LargeBinary, MetaData, Text

metadata = MetaData()

KEY = BigInteger().with_variant(Integer(), "sqlite")
TEXT = Text().with_variant(Text(2**32 - 1), "mysql", "mariadb")
SEARCHED = LargeBinary(1530).with_variant(VARBINARY(1530), "mysql", "mariadb")
"""255 characters, folded, to look for a part in: PostgreSQL finds bytes sooner than characters."""
ID = 64
NAMESPACE = 63
GONE = "~gone"
"""The namespace of runs that were deleted before they ended, until they have; it is nobody's, so no list has them."""
STATE = 16
OPTIONS: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
