"""The script of a role that may read what `structure` lists, and nothing else: no name, e-mail, address or token.

`config` and `config_plugins` hold passwords beside the few settings that are read, and profile fields hold anything. Of
these the role sees views, in a schema of its own, that have the rows it needs.
"""

from collections.abc import Iterator

from components.extract.moodle_db.address import PASSWORD, Address, Options
from components.extract.moodle_db.databases import SCHEMA
from components.extract.moodle_db.site import OURS
from components.extract.moodle_db.structure import ALL, ALSO_USED, PLUGIN_SETTINGS, SETTINGS, MoodleTable
from earlybell.errors import SettingError
from earlybell.tables.sql import quoted


def script(address: Address) -> str:
    """The statements, each ended by `;` and a line's end, for an administrator of the address's database.

    They may be run again: what the role was given before is taken back first.

    Raises:
        SettingError: a name in the address would have to be quoted.
    """
    for name in (address.user, address.database):
        if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
            raise SettingError(
                "name of a role or database that the script cannot have", name, "Letters, digits, _ and -."
            )
    statements = [_warning(address.user)]
    statements += _postgresql(address) if address.engine == "postgresql" else _mysql(address)
    return "".join(f"{statement}\n" if statement.startswith("--") else f"{statement};\n" for statement in statements)


def _warning(role: str) -> str:
    """The first line, since the script takes rights back before it gives any."""
    return (
        f"-- {role} has to be a role of its own: never Moodle's own user ($CFG->dbuser), which would lose its rights."
    )


def columns_of(table: MoodleTable) -> tuple[str, ...]:
    """The columns of a table that the role may read."""
    return (*(column.name for column in table.columns), *ALSO_USED.get(table.name, ()))


def _postgresql(address: Address) -> Iterator[str]:
    role, options = f'"{address.user}"', address.options
    yield f"-- Do not run it if Moodle's own user is called {OURS}: it would look for its tables in the schema {OURS}."
    yield f"-- As the owner of the database {address.database}: psql --dbname {address.database} --file THIS"
    yield f"-- Then give the role its password, which {PASSWORD} has: \\password {address.user}"
    yield "-- A table that is not there is of an activity that the site does not have: its error changes nothing."
    yield (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {quoted(address.user)}) "
        f"THEN CREATE ROLE {role} LOGIN; END IF; END $$"
    )
    yield f"ALTER ROLE {role} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    yield f"ALTER ROLE {role} SET default_transaction_read_only = on"
    yield f"CREATE SCHEMA IF NOT EXISTS {OURS}"
    for name, query in _views(options, "", "||"):
        yield f"CREATE OR REPLACE VIEW {OURS}.{name} WITH (security_barrier) AS {query}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {SCHEMA}, {OURS} FROM {role}"
    yield f'GRANT CONNECT ON DATABASE "{address.database}" TO {role}'
    yield f"GRANT USAGE ON SCHEMA {SCHEMA}, {OURS} TO {role}"
    for name, _ in _views(options, "", "||"):
        yield f"GRANT SELECT ON {OURS}.{name} TO {role}"
    for table in ALL:
        columns = ", ".join(f'"{column}"' for column in columns_of(table))
        yield f'GRANT SELECT ({columns}) ON {SCHEMA}."{options.prefix}{table.name}" TO {role}'


def _mysql(address: Address) -> Iterator[str]:
    role, database, options = f"'{address.user}'@'%'", f"`{address.database}`", address.options
    yield "-- As an administrator: mariadb --force < THIS, or mysql --force < THIS"
    yield f"-- Then give the role its password, which {PASSWORD} has, and let it in:"
    yield f"-- ALTER USER {role} IDENTIFIED BY '...' ACCOUNT UNLOCK"
    yield "-- A table that is not there is of an activity that the site does not have: its error changes nothing."
    yield f"CREATE USER IF NOT EXISTS {role} ACCOUNT LOCK"
    yield f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {role}"
    yield f"CREATE DATABASE IF NOT EXISTS {OURS}"
    for name, query in _views(options, f"{database}.", ","):
        yield f"CREATE OR REPLACE SQL SECURITY DEFINER VIEW {OURS}.{name} AS {query}"
        yield f"GRANT SELECT ON {OURS}.{name} TO {role}"
    for table in ALL:
        columns = ", ".join(f"`{column}`" for column in columns_of(table))
        yield f"GRANT SELECT ({columns}) ON {database}.`{options.prefix}{table.name}` TO {role}"


def _views(options: Options, database: str, joined_by: str) -> Iterator[tuple[str, str]]:
    """The name and the query of each view of ours."""
    prefix = f"{database}{options.prefix}"
    names = ", ".join(map(quoted, SETTINGS))
    plugins = " OR ".join(f"(plugin = {quoted(plugin)} AND name = {quoted(name)})" for plugin, name in PLUGIN_SETTINGS)
    name = "plugin || '/' || name" if joined_by == "||" else "concat(plugin, '/', name)"
    settings = f"SELECT name, value FROM {prefix}config WHERE name IN ({names})"
    yield (
        f"{options.prefix}settings",
        f"{settings} UNION ALL SELECT {name}, value FROM {prefix}config_plugins WHERE {plugins}",
    )
    if options.attributes:
        fields = ", ".join(quoted(field) for _, field in options.attributes)
        data = f"{prefix}user_info_data d JOIN {prefix}user_info_field f ON f.id = d.fieldid"
        yield (
            f"{options.prefix}attributes",
            f"SELECT d.userid, f.shortname, d.data FROM {data} WHERE f.shortname IN ({fields})",
        )
