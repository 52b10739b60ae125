"""A real Moodle for the tests: a copy of a checkout with the plugin in it, its own database, its own web server."""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.moodle.plugin import PLUGIN, SCRIPTS
from tests.serving.running import free_ports

INSTALLED_IN = 3600.0  # seconds; it takes one or two minutes on a machine that does nothing else
WORKERS = 4
_POSTGRES = "postgres"


@dataclass(frozen=True)
class Site:
    """A site that runs.

    Attributes:
        root: the copy of the checkout.
        public: the folder that the web sees; the same as `root` before Moodle 5.1.
        url: its address.
        database: of `moodle-db`, without options; everybody on this machine may read it.
        environment: of every PHP process.
    """

    root: Path
    public: Path
    url: str
    database: str
    environment: dict[str, str]

    def php(self, *words: str | Path, seconds: float = INSTALLED_IN) -> str:
        """What a PHP command prints.

        Raises:
            AssertionError: it fails.
        """
        ran = subprocess.run(
            ["php", *map(str, words)],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert ran.returncode == 0, f"{words}: {ran.stdout[-4000:]}{ran.stderr[-4000:]}"
        return ran.stdout

    def script(self, name: str, *words: str) -> Any:
        """What a script of php/ prints as JSON."""
        return json.loads(self.php(SCRIPTS / name, self.root / "config.php", *words).splitlines()[-1])

    def task(self, name: str) -> str:
        """What a scheduled task of the plugin prints."""
        return self.php("admin/cli/scheduled_task.php", f"--execute=\\local_earlybell\\task\\{name}")

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query; numbers come as texts."""
        rows: list[dict[str, Any]] = self.script("query.php", sql)
        return rows


def copied(checkout: Path, out: Path) -> Path:
    """A copy of a checkout with the plugin in it: hard links where that can be, for nothing in it is changed."""
    links = subprocess.run(["cp", "-al", str(checkout), str(out)], capture_output=True, check=False)
    if links.returncode:
        shutil.rmtree(out, ignore_errors=True)
        subprocess.run(["cp", "-a", str(checkout), str(out)], check=True)
    public = out / "public" if (out / "public" / "version.php").is_file() else out
    for left in (public / "local" / "earlybell", out / "vendor"):
        shutil.rmtree(left, ignore_errors=True)
    for left in (out / "config.php", out / "phpunit.xml"):
        left.unlink(missing_ok=True)
    shutil.copytree(PLUGIN, public / "local" / "earlybell")
    return public


@contextmanager
def database() -> Iterator[int]:
    """The port of a PostgreSQL of our own, which ends with the block.

    Its folder is no test's: those are closed to the user that PostgreSQL runs as.
    """
    with tempfile.TemporaryDirectory(prefix="earlybell-moodle-") as folder:
        yield from _postgresql(Path(folder))


def _postgresql(folder: Path) -> Iterator[int]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert programs, "PostgreSQL is not installed (Debian's package postgresql)"
    (port,) = free_ports(1)
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        os.chown(folder, pwd.getpwnam(_POSTGRES).pw_uid, -1)
        as_user = ["setpriv", f"--reuid={_POSTGRES}", f"--regid={_POSTGRES}", "--clear-groups"]
    data = folder / "data"
    subprocess.run(
        [*as_user, programs[-1], "-D", data, "-U", _POSTGRES, "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    options = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "listen_addresses": "127.0.0.1"}
    settings = [f"{name}={value}" for name, value in options.items()] + [f"unix_socket_directories={folder}"]
    words = [word for setting in settings for word in ("-c", setting)]
    postgres = str(programs[-1].with_name("postgres"))
    with (folder / "log").open("wb") as log:
        command = [*as_user, postgres, "-D", str(data), "-p", str(port), *words]
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
    try:
        _wait(lambda: _ready(programs[-1].with_name("pg_isready"), port), (folder / "log").read_text)
        create = [
            str(programs[-1].with_name("createdb")),
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-U",
            _POSTGRES,
            "moodle",
        ]
        subprocess.run(create, check=True, cwd="/")
        yield port
    finally:
        server.terminate()
        server.wait(60)


@contextmanager
def installed(checkout: Path, folder: Path) -> Iterator[Site]:
    """A site without data, its web server running; all of it ends with the block."""
    root = folder / "moodle"
    public = copied(checkout, root)
    (web_port,) = free_ports(1)
    for name in ("data", "phpunitdata", "php.d"):
        (folder / name).mkdir()
    (folder / "php.d" / "moodle.ini").write_text("max_input_vars=5000\nmemory_limit=512M\n")
    environment = os.environ | {"PHP_INI_SCAN_DIR": f":{folder / 'php.d'}", "PHP_CLI_SERVER_WORKERS": str(WORKERS)}
    with database() as port:
        url = f"http://127.0.0.1:{web_port}"
        (root / "config.php").write_text(_config(public, folder, port, url))
        address = f"postgresql://{_POSTGRES}@127.0.0.1:{port}/moodle"
        site = Site(root, public, url, address, environment)
        install = (
            "--agree-license --adminuser=admin --adminpass=Admin.1234 --adminemail=admin@example.invalid --fullname=Lab"
        )
        site.php("admin/cli/install_database.php", *install.split(), "--shortname=lab", "--lang=en")
        with (folder / "web.log").open("wb") as log:
            command = ["php", "-d", "opcache.enable_cli=1", "-S", url.partition("//")[2], "-t", str(public)]
            web = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(lambda: _answers(f"{url}/login/index.php"), (folder / "web.log").read_text)
            yield site
        finally:
            os.killpg(web.pid, 15)
            web.wait(60)


def phpunit(site: Site) -> str:
    """What PHPUnit prints of the plugin's tests, by Debian's phpunit."""
    vendor = site.root / "vendor"
    (vendor / "phpunit" / "phpunit").mkdir(parents=True)
    (vendor / "bin").mkdir()
    loads = ["/usr/share/php/PHPUnit/Autoload.php", "/usr/share/php/org/bovigo/vfs/autoload.php"]
    (vendor / "autoload.php").write_text(
        "<?php\n" + "\n".join(f"require_once('{path}');" for path in loads if Path(path).is_file()) + "\n"
    )
    (vendor / "phpunit" / "phpunit" / "composer.json").write_text("{}")
    (vendor / "bin" / "phpunit").symlink_to("/usr/bin/phpunit")
    tool = (site.public / "admin" / "tool" / "phpunit" / "cli" / "util.php").relative_to(site.root)
    site.php(tool, "--install")
    site.php(tool, "--buildconfig")
    return site.php("vendor/bin/phpunit", "--testsuite", "local_earlybell_testsuite")


def _config(public: Path, folder: Path, port: int, url: str) -> str:
    settings = {
        "dbtype": "pgsql",
        "dblibrary": "native",
        "dbhost": "127.0.0.1",
        "dbname": "moodle",
        "dbuser": _POSTGRES,
        "dbpass": "none",
        "prefix": "mdl_",
        "wwwroot": url,
        "dataroot": str(folder / "data"),
        "admin": "admin",
        "phpunit_prefix": "phpu_",
        "phpunit_dataroot": str(folder / "phpunitdata"),
    }
    lines = "".join(f"$CFG->{name} = '{value}';\n" for name, value in settings.items())
    return (
        "<?php\nunset($CFG);\nglobal $CFG;\n$CFG = new stdClass();\n"
        f"{lines}$CFG->dboptions = ['dbport' => {port}];\n"
        "$CFG->directorypermissions = 02777;\n$CFG->noemailever = true;\n"
        f"require_once('{public / 'lib' / 'setup.php'}');\n"
    )


def _ready(program: Path, port: int) -> bool:
    return subprocess.run([program, "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode == 0


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310
            return bool(response.status == 200)
    except OSError:
        return False


def _wait(ready: Callable[[], bool], log: Callable[[], str], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if ready():
            return
        time.sleep(0.2)
    raise RuntimeError(f"not ready in {seconds:g} s: {log()}")
