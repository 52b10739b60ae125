"""A real Moodle for the tests: a copy of a checkout with the plugin in it, its own database, its own web server."""

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.moodle.databases import NAME, Database, Make, on_postgresql
from tests.moodle.plugin import PLUGIN, SCRIPTS
from tests.serving.running import free_ports

INSTALLED_IN = 3600.0  # seconds; it takes one or two minutes on a machine that does nothing else
WORKERS = 4


@dataclass(frozen=True)
class Site:
    """A site that runs.

    Attributes:
        root: the copy of the checkout.
        public: the folder that the web sees; the same as `root` before Moodle 5.1.
        url: its address.
        database: what it is installed on.
        environment: of every PHP process.
    """

    root: Path
    public: Path
    url: str
    database: Database
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


def copied(checkout: Path, out: Path, *, plugin: bool = True) -> Path:
    """A copy of a checkout, with the plugin or without: hard links where that can be, for nothing in it is changed."""
    links = subprocess.run(["cp", "-al", str(checkout), str(out)], capture_output=True, check=False)
    if links.returncode:
        shutil.rmtree(out, ignore_errors=True)
        subprocess.run(["cp", "-a", str(checkout), str(out)], check=True)
    public = out / "public" if (out / "public" / "version.php").is_file() else out
    for left in (public / "local" / "earlybell", out / "vendor"):
        shutil.rmtree(left, ignore_errors=True)
    for left in (out / "config.php", out / "phpunit.xml"):
        left.unlink(missing_ok=True)
    if plugin:
        shutil.copytree(PLUGIN, public / "local" / "earlybell")
    return public


@contextmanager
def installed(checkout: Path, folder: Path, make: Make = on_postgresql, *, plugin: bool = True) -> Iterator[Site]:
    """A site without data on a new database, its web server running; all of it ends with the block."""
    root = folder / "moodle"
    public = copied(checkout, root, plugin=plugin)
    (web_port,) = free_ports(1)
    for name in ("data", "phpunitdata", "php.d"):
        (folder / name).mkdir()
    (folder / "php.d" / "moodle.ini").write_text("max_input_vars=5000\nmemory_limit=512M\n")
    environment = os.environ | {"PHP_INI_SCAN_DIR": f":{folder / 'php.d'}", "PHP_CLI_SERVER_WORKERS": str(WORKERS)}
    with make() as database:
        url = f"http://127.0.0.1:{web_port}"
        (root / "config.php").write_text(_config(public, folder, database, url))
        site = Site(root, public, url, database, environment)
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
    """What PHPUnit prints of the plugin's tests: Debian's, or that below EARLYBELL_PHPUNIT: Moodle 5 needs 11."""
    prefix = Path(os.environ.get("EARLYBELL_PHPUNIT", "/usr")).resolve()
    vendor = site.root / "vendor"
    (vendor / "phpunit" / "phpunit").mkdir(parents=True)
    (vendor / "bin").mkdir()
    loads = [prefix / "share" / "php" / name for name in ("PHPUnit/Autoload.php", "org/bovigo/vfs/autoload.php")]
    lines = [f"require_once('{path}');" for path in loads if path.is_file()]
    # Moodle 5 asks Composer's loader whether it was made for production.
    lines.append("return new class { public function isClassMapAuthoritative(): bool { return true; } };")
    (vendor / "autoload.php").write_text("\n".join(["<?php", *lines, ""]))
    (vendor / "phpunit" / "phpunit" / "composer.json").write_text("{}")
    (vendor / "bin" / "phpunit").symlink_to(prefix / "bin" / "phpunit")
    tool = (site.public / "admin" / "tool" / "phpunit" / "cli" / "util.php").relative_to(site.root)
    site.php(tool, "--install")
    site.php(tool, "--buildconfig")
    return site.php(
        "vendor/bin/phpunit", "--fail-on-warning", "--fail-on-risky", "--testsuite", "local_earlybell_testsuite"
    )


def _config(public: Path, folder: Path, database: Database, url: str) -> str:
    settings = {
        "dbtype": database.type,
        "dblibrary": "native",
        "dbhost": "127.0.0.1",
        "dbname": NAME,
        "dbuser": database.user,
        "dbpass": database.password,
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
        f"{lines}$CFG->dboptions = ['dbport' => {database.port}];\n"
        "$CFG->directorypermissions = 02777;\n$CFG->noemailever = true;\n"
        f"require_once('{public / 'lib' / 'setup.php'}');\n"
    )


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
