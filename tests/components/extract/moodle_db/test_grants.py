"""The script's role may read what extraction needs, and no more, in both databases."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest

from components.extract import extract
from components.extract.moodle_db import read_address, script
from components.extract.moodle_db.address import Address
from components.extract.moodle_db.databases import connect
from components.extract.moodle_db.grants import columns_of
from components.extract.moodle_db.runs import choose
from components.extract.moodle_db.site import read_site
from components.extract.moodle_db.source import _Mapping, copy
from components.extract.moodle_db.structure import ALL, COURSES, SITE, MoodleTable
from components.extract.moodle_db.workspace import Workspace
from earlybell.errors import SettingError, SourceError
from earlybell.tables import read_facts
from tests.components.extract.moodle_db.conftest import OPTIONS
from tests.components.extract.moodle_db.places import Place, Servers
from tests.components.extract.moodle_db.schema import TABLES
from tests.components.extract.moodle_db.schema import columns_of as all_columns_of
from tests.components.extract.moodle_db.site import ANN, IRA, site
from tests.mariadb import PASSWORD

Query = Callable[[Path, str], list[tuple[Any, ...]]]
_numbers = count()
ATTRIBUTES = "attributes=gender:sex"
PROFILE = {
    "user_info_field": [{"id": 1, "shortname": "sex"}, {"id": 2, "shortname": "phone"}],
    "user_info_data": [
        {"userid": ANN, "fieldid": 1, "data": "female"},
        {"userid": IRA, "fieldid": 1, "data": ""},
        {"userid": ANN, "fieldid": 2, "data": "a secret"},
    ],
}


@pytest.fixture
def restricted(servers: Servers, engine: str) -> Iterator[Callable[[], tuple[Place, str]]]:
    """Makes a site and a role by the script; the role's name comes with it."""
    made: list[tuple[Place, str]] = []

    def make() -> tuple[Place, str]:
        place, role = servers.make(engine, site() | PROFILE), f"reader_{next(_numbers)}"
        text = script(read_address(place.source(f"{OPTIONS}&{ATTRIBUTES}", role).removeprefix("moodle-db:")))
        place.script(text)
        place.script(text)  # again, as after an upgrade
        if engine == "mysql":
            place.execute(f"ALTER USER '{role}'@'%%' IDENTIFIED BY %s ACCOUNT UNLOCK", [PASSWORD])
        made.append((place, role))
        return place, role

    yield make
    for place, _ in made:
        if engine == "mysql":
            place.execute("DROP DATABASE earlybell")  # there is one for the server


def _as(place: Place, role: str) -> Place:
    return Place(place.engine, place.port, role, place.database)


def _refused(place: Place, statement: str) -> bool:
    import psycopg
    import pymysql

    try:
        place.execute(statement)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
        return True
    except pymysql.err.OperationalError as error:
        return error.args[0] in (1142, 1143)  # the command, or the column, is denied
    return False


def test_the_role_reads_the_same_tables_as_the_owner(
    restricted: Callable[[], tuple[Place, str]], tmp_path: Path, query: Query
) -> None:
    place, role = restricted()
    options = f"{OPTIONS}&{ATTRIBUTES}"
    as_owner = extract([place.source(options)], tmp_path / "owner", key=None, ids="keep")
    as_role = extract([place.source(options, role)], tmp_path / "role", key=None, ids="keep")
    assert as_role["digest"] == as_owner["digest"]
    assert query(tmp_path / "role", "SELECT learner_id, gender, region FROM learners ORDER BY 1") == [
        (str(ANN), "female", None),
        (str(IRA), None, None),
    ]
    assert read_facts(tmp_path / "role")["rows"]["events"] == 57


def test_the_role_reads_no_other_column_and_writes_nothing(restricted: Callable[[], tuple[Place, str]]) -> None:
    place, role = restricted()
    granted = {table.name: {*columns_of(table)} for table in ALL}
    reader = _as(place, role)
    for table in TABLES:
        others = [column for column in all_columns_of(table) if column not in granted.get(table, set())]
        for column in others:
            assert _refused(reader, f'SELECT "{column}" FROM "mdl_{table}"'), f"{table}.{column}"
    names = {name for (name,) in reader.execute("SELECT name FROM earlybell.mdl_settings")}
    assert names >= {"version", "tool_log/enabled_stores"}
    assert not names & {"smtppass", "enrol_lti/token"}
    assert _refused(reader, "DELETE FROM mdl_role")
    assert _refused(reader, "UPDATE mdl_course SET shortname = 'x'")
    assert _refused(reader, "CREATE TABLE mine (id int)")
    (phones,) = reader.execute("SELECT count(*) FROM earlybell.mdl_attributes WHERE shortname = 'phone'")
    assert phones == (0,)


def test_without_any_of_its_grants_the_role_is_not_enough(restricted: Callable[[], tuple[Place, str]]) -> None:
    place, role = restricted()
    address = read_address(place.source(OPTIONS, role).removeprefix("moodle-db:"))
    named = f'"{role}"' if place.engine == "postgresql" else f"'{role}'@'%'"
    for table in ALL:
        # The first and the last of each table: all of one table are named in one statement, and each is missed alike.
        for column in (columns_of(table)[0], columns_of(table)[-1]):
            right = f'SELECT ("{column}") ON "mdl_{table.name}"'
            place.execute(f"REVOKE {right} FROM {named}")
            with pytest.raises(SourceError, match="moodle-grants"):
                _ask(address, table)
            place.execute(f"GRANT {right} TO {named}")


def _ask(address: Address, table: MoodleTable) -> None:
    """What extraction asks before it copies, and the condition by which it copies a table."""
    with connect(address) as database:
        read_site(database, "mdl_")
        condition = table.within.format(p="mdl_", courses="5") or "true"
        database.rows(f'SELECT count(*) FROM "mdl_{table.name}" t WHERE {condition}')


def test_every_column_that_is_copied_is_used(servers: Servers, tmp_path: Path) -> None:
    """Without one the tables cannot be made; `id` is what every piece is asked by."""
    field: dict[str, Any] = {
        "customfield_category": [{"id": 1, "component": "core_course", "area": "course"}],
        "customfield_field": [{"id": 1, "shortname": "module", "categoryid": 1}],
        "customfield_data": [{"fieldid": 1, "instanceid": 5, "value": "STAT"}],
    }
    place = servers.make("postgresql", site() | field)
    address = read_address(place.source("code=field:module").removeprefix("moodle-db:"))
    workspace = Workspace(tmp_path)
    site_as_read, _ = copy(workspace, address)
    unused = []
    for table in (*SITE, *COURSES):
        for column in table.columns[1:]:
            workspace.sql("BEGIN")
            workspace.sql(f'ALTER TABLE "{table.name}" DROP COLUMN "{column.name}"')
            (out := tmp_path / "out").mkdir(exist_ok=True)
            try:
                choice = choose(workspace, address.options, "")
                _Mapping(workspace, str(address), address.options, site_as_read, choice).write(out)
                unused.append(f"{table.name}.{column.name}")
            except duckdb.BinderException:
                pass
            finally:
                workspace.sql("ROLLBACK")
    workspace.remove()
    # The plugin's extract gives arms whole, for whoever compares them, and both ways read the same columns.
    assert unused == [f"local_earlybell_arm.{name}" for name in ("block", "timedrawn", "timeflagged", "timeexempt")]


def test_of_custom_fields_only_those_of_courses_are_copied(servers: Servers, tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "customfield_category": [
            {"id": 1, "component": "core_course", "area": "course"},
            {"id": 2, "component": "core_cohort", "area": "cohort"},
            {"id": 3, "component": "core_course", "area": "other"},
        ],
        "customfield_field": [{"id": n, "shortname": f"f{n}", "categoryid": n} for n in (1, 2, 3)],
        "customfield_data": [{"fieldid": n, "instanceid": 5, "value": f"text {n}"} for n in (1, 2, 3)],
    }
    place = servers.make("postgresql", site() | fields)
    workspace = Workspace(tmp_path)
    copy(workspace, read_address(place.source("").removeprefix("moodle-db:")))
    assert workspace.sql("SELECT value FROM customfield_data") == [("text 1",)]
    workspace.remove()


def test_the_script_begins_by_saying_that_the_role_is_not_moodles_own(engine: str) -> None:
    first, *_ = script(read_address(f"{engine}://reader@localhost/moodle")).splitlines()
    assert first.startswith("-- reader has to be a role of its own: never Moodle's own user")


def test_a_name_that_would_need_quotes_is_refused(servers: Servers, engine: str) -> None:
    with pytest.raises(SettingError, match="name of a role or database"):
        script(read_address(f"{engine}://x%22y@localhost/moodle"))
