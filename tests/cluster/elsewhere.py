"""Another cluster's part: empty stores with passwords of their own, and a site that is restored onto them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.cluster.cluster import OURS
from tests.cluster.documented import commands
from tests.cluster.site import TAG, Site, prepared
from tests.cluster.stores import REGISTRY_USER, Stores, empty

NAME = "restored"


@contextmanager
def elsewhere(origin: Site, backup: Path, folder: Path) -> Iterator[tuple[Site, dict[str, str]]]:
    """The site of a backup on empty stores, by the documented commands, serving; and its databases' addresses."""
    with empty(origin.cluster, "elsewhere") as stores, stores.bucket() as s3:
        site = _person(origin, stores, folder / NAME, s3)
        (site.folder / "backup").symlink_to(backup)
        site.cluster.remove(NAME)
        try:
            with site.databases() as databases:
                site.do(commands("Restore the data"), **databases)
                stores.upload(backup / "bucket")
                stores.start_registry()
                with site.reached():
                    site.do(commands("Namespace and secrets"))
                    site.cluster.kubectl("label", "namespace", NAME, OURS)
                    site.do(commands("The chart"))
                    site.do(commands("Serve again"), ANCHORS="none", **databases)
                    yield site, databases
        finally:
            site.cluster.remove(NAME, wait=False)


def _person(origin: Site, stores: Stores, folder: Path, s3: dict[str, str]) -> Site:
    """Who restores: with the new stores' passwords and addresses, and the pseudonyms' key as their shell has it."""
    mlflow = {
        "MLFLOW_TRACKING_USERNAME": REGISTRY_USER,
        "MLFLOW_TRACKING_PASSWORD": stores.secret("mlflow", "password"),
    }
    site = prepared(stores, NAME, folder, origin.settings | s3 | mlflow)
    site.settings["EARLYBELL_PSEUDONYM_KEY"] = origin.settings["EARLYBELL_PSEUDONYM_KEY"]
    values, original = (yaml.safe_load((person.folder / "site.yaml").read_text()) for person in (site, origin))
    if revision := original["serving"].get("revision"):  # of a password that was rotated
        values["serving"]["revision"] = revision
        (folder / "site.yaml").write_text(yaml.safe_dump(values))
        site.settings["RUNTIME"] = f"earlybell-{TAG}-{revision}"
    return site
