"""The trail's tables, made by a role that may: those who write to it then only read and add."""

from urllib.parse import quote, unquote, urlsplit, urlunsplit

from earlybell.errors import SettingError, TrailError
from earlybell.trail.stores import StoreError, connect, is_sqlite, shown


def create(address: str, owner: str = "") -> None:
    """Make the tables of a trail that are missing.

    Args:
        address: of the trail, as those who write to it have it.
        owner: of PostgreSQL, the role that makes and owns the tables; the role in `address` may then read and add, and
            nothing else. PGPASSWORD, or a .pgpass, has its password. Empty: the role in `address` makes them.

    Raises:
        SettingError: the address names no store, or has no role beside an owner.
        TrailError: the store cannot be reached or refuses.
    """
    writer = _role(address, owner) if owner else ""
    try:
        with connect(_as_role(address, owner) if owner else address, create=True) as store:
            if writer:
                store.execute(f"GRANT SELECT ON trail_format TO {writer}")
                store.execute(f"GRANT SELECT, INSERT ON trail_chain, trail_payload TO {writer}")
    except StoreError as error:
        way_out = "See that it runs, and that the role may create tables in the database."
        raise TrailError(f"the trail's tables cannot be made in {shown(address)}", str(error), way_out) from error


def _role(address: str, owner: str) -> str:
    """The role of an address as SQL has it."""
    if is_sqlite(address):
        raise SettingError("a trail in SQLite has no roles", owner, "Leave --owner out.")
    role = unquote(urlsplit(address).username or "")
    if not role:
        raise SettingError(
            "the trail's address names no role that may write", shown(address), "As postgresql://USER@HOST/DATABASE."
        )
    from earlybell.tables.sql import identifier  # it loads DuckDB, which a trail does without

    return identifier(role)


def _as_role(address: str, role: str) -> str:
    parts = urlsplit(address)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role, safe='')}@{place}"))
