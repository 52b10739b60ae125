"""What the commands of docs/how-to leave where something fails, or somebody else was faster, without a node."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.apiserver import missing, program
from tests.cluster.documented import commands
from tests.earlybell.trail.conftest import postgresql
from tests.helm.site import Site
from tests.postgresql import Server

__all__ = ["postgresql"]  # a fixture
NOWHERE = "postgresql://earlybell@127.0.0.1:1/postgres"
TOKENS, KEY = "earlybell-tokens", "EARLYBELL_PSEUDONYM_KEY"


@dataclass(frozen=True)
class Person:
    """Who runs the commands, in a folder of their own, at a site with one caller's token and a pseudonyms' key."""

    site: Site
    folder: Path
    settings: dict[str, str]

    def do(self, heading: str, *options: str, **settings: str) -> int:
        """Run the commands below a heading in a shell with these options; their exit code."""
        env = os.environ | self.settings | settings
        return subprocess.run(["bash", *options, "-c", commands(heading)], cwd=self.folder, env=env).returncode

    def files(self) -> dict[str, bytes]:
        """What is in the folder."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()
        }

    def digest(self, file: str) -> str:
        """What the site keeps of the token in a file."""
        return hashlib.sha256((self.folder / file).read_text().strip().encode()).hexdigest()

    def digests(self) -> list[str]:
        """What the site keeps of tokens."""
        secret = self.site.ask("get", "secret", TOKENS, "-o", r"jsonpath={.data.tokens\.json}").stdout
        return [token["sha256"] for token in json.loads(base64.b64decode(secret))["tokens"]]


@pytest.fixture
def person(site: Site, postgresql: Server, tmp_path: Path) -> Person:
    if not shutil.which("pg_dump"):
        missing("pg_dump is not installed (postgresql-client)")
    path = (Path(sys.executable).parent, Path(program("kubectl")).parent, os.environ["PATH"])
    settings = {"PATH": os.pathsep.join(map(str, path)), "KUBECONFIG": str(site.server.kubeconfig), "SITE": site.name}
    databases = {"TRAIL": postgresql.address, "MLFLOW_DATABASE": postgresql.address}
    person = Person(site, tmp_path / "person", settings | databases)
    person.folder.mkdir()
    make = ("earlybell", "token", "moodle", "--file", "tokens.json")
    token = subprocess.check_output(make, cwd=person.folder, env=os.environ | settings, text=True)
    (person.folder / "moodle.token").write_text(token)
    site.ask("create", "secret", "generic", TOKENS, f"--from-file={person.folder}/tokens.json")
    site.ask("create", "secret", "generic", "earlybell-pseudonym", f"--from-literal={KEY}=0123abcd")
    return person


@pytest.mark.parametrize("options", [(), ("-euo", "pipefail")], ids=["plain shell", "strict shell"])
def test_a_backup_that_fails_leaves_the_one_before_and_says_so(person: Person, options: tuple[str, ...]) -> None:
    assert person.do("Back up", *options) == 0
    before = person.files()
    saved = {name for name in before if name.startswith("backup")}
    assert saved == {f"backup/{name}" for name in ("trail.dump", "mlflow.dump", "tokens.json", "pseudonym.env")}
    assert before["backup/pseudonym.env"] == f"{KEY}=0123abcd\n".encode()
    for away in ({"TRAIL": NOWHERE}, {"MLFLOW_DATABASE": NOWHERE}, {"KUBECONFIG": "/nowhere"}, {"SITE": "nowhere"}):
        assert person.do("Back up", *options, **away) != 0
        assert before.items() <= person.files().items(), away
    person.site.ask("patch", "secret", "earlybell-pseudonym", "-p", f'{{"data": {{"{KEY}": ""}}}}')
    assert person.do("Back up", *options) != 0
    assert before.items() <= person.files().items()


def test_a_backup_takes_the_place_of_the_one_before(person: Person) -> None:
    assert person.do("Back up") == 0
    person.site.ask("patch", "secret", "earlybell-pseudonym", "-p", f'{{"stringData": {{"{KEY}": "another"}}}}')
    before = person.files()
    assert person.do("Back up") == 0
    assert person.files().keys() == before.keys()
    assert person.files()["backup/pseudonym.env"] == f"{KEY}=another\n".encode()


@pytest.mark.parametrize("key_line", ["", f"{KEY}=\n"])
def test_a_backup_without_a_key_is_not_restored(person: Person, key_line: str) -> None:
    assert person.do("Back up") == 0
    (person.folder / "backup/pseudonym.env").write_text(key_line)
    (person.folder / "secrets").mkdir()
    (person.folder / "secrets/pseudonym.env").write_text(f"{KEY}=good\n")
    before = person.files()
    assert person.do("Restore the data") != 0
    assert person.files() == before


def test_who_takes_an_old_token_out_undoes_nothing_that_another_has_done_meanwhile(person: Person) -> None:
    assert person.do("A caller's token") == 0
    leaked = person.digest("moodle-new.token")
    assert person.digests() == [person.digest("moodle.token"), leaked]
    other = Person(person.site, person.folder.parent / "other", person.settings)
    other.folder.mkdir()
    assert other.do("A leaked token") == 0
    assert person.digests() == [other.digest("moodle.token")]
    assert person.do("A caller's old token") == 0
    assert person.digests() == [other.digest("moodle.token")]


@pytest.mark.parametrize("heading", ["A caller's token", "A caller's old token", "A leaked token"])
def test_where_the_tokens_cannot_be_read_none_is_changed(person: Person, heading: str) -> None:
    (person.folder / "moodle-new.token").write_text("new")
    before = person.files()
    person.site.ask("delete", "secret", TOKENS)
    assert person.do(heading) != 0
    assert person.site.ask("get", "secret", TOKENS).returncode != 0
    assert before.items() <= person.files().items()
