"""What `helm install` says at its end: its commands are taken, and every Secret that is missing is named."""

import re
import shlex

import pytest
import typer

from earlybell.cli.main import app
from tests.helm.render import NAMED, SITES, helm
from tests.helm.tools import ROOT


def notes(*arguments: str) -> str:
    """What is printed where the namespace has nothing yet."""
    done = helm("install", "earlybell", ".", "--namespace", "site", "--dry-run=client", *NAMED, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("\nNOTES:\n")[2]


@pytest.mark.parametrize("site", ["defaults", "gateway"])
def test_the_commands_of_the_notes_are_taken_by_the_command_line(site: str) -> None:
    parameters = {}
    for line in re.findall(r"^ +earlybell (.+)$", notes(*SITES[site]), re.M):
        words = shlex.split(re.split(r" \||&&", line)[0])
        command = typer.main.get_command(app).commands[words[0]]  # type: ignore[attr-defined]
        parameters[words[0]] = command.make_context(words[0], words[1:]).params
    release = parameters["release"]
    assert (release["traffic"], release["promote"], release["namespace"]) == (100, False, "site")
    assert (ROOT / release["overlay"] / "kustomization.yaml").exists()
    assert release["overlay"].name == ("standard" if site == "gateway" else "knative")
    assert parameters["status"]["namespace"] == "site"
    assert "token" in parameters


WHOLE = (
    *("--set", "gateway.create=true,gateway.hostname=risk.example.org,trail.owner.role=owner"),
    *("--set", "mlbackend.enabled=true,mlbackend.hostname=analytics.example.org"),
    *SITES["sync"],
)


def test_the_notes_name_every_secret_that_the_readme_says_a_site_has() -> None:
    text = notes(*WHOLE)
    readme = (ROOT / "helm/earlybell/README.md").read_text().partition("\n## Secrets\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^ +(\S+) is missing:", text, re.M)) == set(re.findall(r"\n\| `(earlybell-[\w-]+)`", readme))


def test_no_two_secrets_are_made_from_one_file() -> None:
    files = re.findall(r"--from-(?:env-)?file=(\S+)", notes(*WHOLE))
    assert len(files) == len(set(files)) > 5
