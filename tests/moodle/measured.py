"""What reading a whole site costs, by each way that reads it: python -m tests.moodle.measured MOODLE SEED OUT

MOODLE is a checkout. SEED is a PHP script that fills a site, and takes --config, --learners and --log.
OUT gets the tables of each way.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from bench import measure
from components.extract.moodle_db.address import PASSWORD
from components.extract.moodle_web.address import TOKEN
from earlybell.tables.sql import connect
from tests.moodle.databases import READER, Make, on_mariadb, on_postgresql
from tests.moodle.site import Site, installed

OPTIONS = "code=shortname:^([A-Z0-9]+)&pass_mark=40%"
TABLES = ("courses", "enrolments", "events", "assessments", "extensions", "submissions", "outcomes")
KEY = {"EARLYBELL_PSEUDONYM_KEY": "0123456789abcdef0123456789abcdef"}
STATEMENTS = {  # that the reader sent so far; MariaDB counts everybody's, also those of who asks this
    "pgsql": f"SELECT COALESCE(SUM(calls), 0) AS n FROM pg_stat_statements WHERE userid = '{READER}'::regrole",
    "mariadb": "SELECT variable_value AS n FROM information_schema.global_status WHERE variable_name = 'QUESTIONS'",
}
SEEDED = {
    "course runs": "SELECT COUNT(*) AS n FROM {course} WHERE id > 1",
    "log rows": "SELECT COUNT(*) AS n FROM {logstore_standard_log}",
    "attempts at quizzes": "SELECT COUNT(*) AS n FROM {quiz_attempts} WHERE state = 'finished'",
    "essays handed in": "SELECT COUNT(*) AS n FROM {assign_submission} WHERE status = 'submitted'",
    "extensions": "SELECT COUNT(*) AS n FROM {assign_user_flags} WHERE extensionduedate > 0",
    "enrolled now": """SELECT COUNT(*) AS n FROM (SELECT DISTINCT ue.userid, e.courseid
        FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid) enrolled""",
    "unenrolled": """SELECT COUNT(*) AS n FROM {logstore_standard_log}
        WHERE target = 'user_enrolment' AND action = 'deleted'""",
}


@dataclass(frozen=True)
class Reading:
    """One way of reading a site.

    Attributes:
        rows: of each table.
        questions: what the database was asked, or requests to the web services.
    """

    way: str
    rows: dict[str, int]
    seconds: float
    cpu_seconds: float
    peak_mib: float
    questions: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("moodle", "seed", "out"):
        parser.add_argument(name, type=lambda text: Path(text).resolve())
    parser.add_argument("--learners", type=int, default=200)
    parser.add_argument("--log", type=int, default=500_000)
    options = parser.parse_args()
    databases: list[Make] = [partial(on_postgresql, shared_preload_libraries="pg_stat_statements"), on_mariadb]
    for make in databases:
        folder = options.out / str(len(list(options.out.glob("*"))))
        folder.mkdir(parents=True)
        with installed(options.moodle, folder, make) as site:
            site.php(options.seed, "--config=config.php", f"--learners={options.learners}", f"--log={options.log}")
            seeded = {name: int(site.query(sql)[0]["n"]) for name, sql in SEEDED.items()}
            ways = [_database(site, folder)]
            if make is not on_mariadb:
                ways += _web(site, folder)
            for line in ({"seeded": seeded}, *map(asdict, ways)):
                sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


def _database(site: Site, folder: Path) -> Reading:
    if site.database.type == "pgsql":
        site.database.run("CREATE EXTENSION pg_stat_statements;")
    source = site.database.source(OPTIONS)
    before, again = _statements(site), _statements(site)
    cost = measure.command(["extract", source, folder / "tables"], {PASSWORD: site.database.password, **KEY})
    of_counting = again - before  # nothing else happened between the two
    questions = _statements(site) - again - of_counting
    return _reading(f"moodle-db, {site.database.type}", folder / "tables", cost, questions)


def _statements(site: Site) -> int:
    return int(site.query(STATEMENTS[site.database.type])[0]["n"])


def _web(site: Site, folder: Path) -> list[Reading]:
    service, plugin = site.script("services.php"), site.script("token.php")["local_earlybell_extract"]
    stated = f"{OPTIONS}&rate=100&timezone=UTC&weekend=sat,sun&report={service['report']}"
    ways = {"plugin": (plugin, f"{OPTIONS}&rate=100"), "core": (service["token"], stated)}
    readings = []
    for name, (token, options) in ways.items():
        log = site.root.parent / "web.log"
        before = log.read_text().count("webservice/rest")
        tables = folder / name
        cost = measure.command(["extract", f"moodle-web:{site.url}?{options}", tables], {TOKEN: token, **KEY})
        requests = log.read_text().count("webservice/rest") - before
        readings.append(_reading(f"moodle-web, {name}", tables, cost, requests))
    return readings


def _reading(way: str, tables: Path, cost: measure.Cost, questions: int) -> Reading:
    with connect() as connection:
        rows = {
            name: int(connection.execute(f"SELECT count(*) FROM '{path}'").fetchall()[0][0])
            for name in TABLES
            if (path := tables / f"{name}.parquet").exists()
        }
    peak = round(cost.peak_bytes / 2**20)
    return Reading(way, rows, round(cost.seconds, 1), round(cost.cpu_seconds, 1), peak, questions)


if __name__ == "__main__":
    main()
