"""Another cluster's part: empty stores with passwords of their own, and a site that is restored onto them."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from tests.cluster.cluster import HERE, OURS, Cluster, Object
from tests.cluster.documented import commands
from tests.cluster.reach import bucket, databases, registry
from tests.cluster.site import TAG, Site, _passwords, _prepare, secret, sql, values

NAME, STORES = "restored", "elsewhere"
FILL = """
import boto3, pathlib, sys
client, root = boto3.client("s3", endpoint_url=sys.argv[1]), pathlib.Path(sys.argv[2])
client.create_bucket(Bucket="earlybell")
for path in root.rglob("*"):
    if path.is_file():
        client.upload_file(str(path), "earlybell", str(path.relative_to(root)))"""


@contextmanager
def elsewhere(origin: Site, backup: Path, folder: Path) -> Iterator[tuple[Site, dict[str, str]]]:
    """The site of a backup on empty stores, by the documented commands, serving; and its databases' addresses."""
    cluster = origin.cluster
    with ExitStack() as stack:
        for namespace in (NAME, STORES):
            cluster.remove(namespace)
            stack.callback(cluster.remove, namespace, wait=False)
        mlflow = _empty_stores(cluster)
        known = stack.enter_context(databases(cluster, NAME, STORES))
        s3 = stack.enter_context(bucket(cluster, STORES))
        password = secret(cluster, "mlflow", "password", STORES)
        site = _person(origin, folder / NAME, s3 | {"MLFLOW_TRACKING_PASSWORD": password}, known["PGPASSWORD"])
        (site.folder / "backup").symlink_to(backup)
        site.do(commands("Restore the data"), **known)
        cluster.run("python", "-c", FILL, s3["MLFLOW_S3_ENDPOINT_URL"], backup / "bucket", environment=site.settings)
        cluster.apply(mlflow)
        cluster.kubectl("-n", STORES, "rollout", "status", "deploy/mlflow", "--timeout=300s")
        site.settings.update(stack.enter_context(registry(cluster, STORES)))
        site.do(commands("Namespace and secrets"))
        cluster.kubectl("label", "namespace", NAME, OURS)
        site.do(commands("The chart"))
        site.do(commands("Serve again"), ANCHORS="none", **known)
        stack.enter_context(site.gateway())
        yield site, known


def _empty_stores(cluster: Cluster) -> Object:
    """The stores with empty databases, but for MLflow's server, which is returned."""
    text = (HERE / "stores.yaml").read_text().replace("TAG", TAG).replace("namespace: stores", f"namespace: {STORES}")
    objects = list(yaml.safe_load_all(text.replace("name: stores", f"name: {STORES}")))
    mlflow: Object = next(one for one in objects if (one["kind"], one["metadata"]["name"]) == ("Deployment", "mlflow"))
    space = next(one for one in objects if one["kind"] == "Namespace")
    passwords = [one | {"metadata": one["metadata"] | {"namespace": STORES}} for one in _passwords()]
    cluster.apply(space)
    cluster.kubectl("label", "namespace", STORES, OURS, "--overwrite")
    cluster.apply(*passwords, *(one for one in objects if one not in (space, mlflow)))
    for name in ("postgresql", "s3"):
        cluster.kubectl("-n", STORES, "rollout", "status", f"statefulset/{name}", "--timeout=300s")
    for name in (NAME, "mlflow", "mlflow_auth"):
        sql(cluster, f'CREATE DATABASE "{name}"', namespace=STORES)
    return mlflow


def _person(origin: Site, folder: Path, reached: dict[str, str], password: str) -> Site:
    """Who restores: with the new stores' passwords and addresses, and the pseudonyms' key as their shell has it."""
    site = _prepare(origin.cluster, NAME, folder, origin.settings | reached, "knative")
    kept = ("EARLYBELL_PSEUDONYM_KEY", "SOURCE", "COURSE", "AS_OF")
    site.settings.update({key: origin.settings[key] for key in kept} | {"S3_HOST": f"s3.{STORES}.svc:8333"})
    (folder / "secrets/trail.env").write_text(f"PGPASSWORD={password}{os.linesep}")
    addresses = {
        "trail": {"address": f"postgresql://earlybell@postgresql.{STORES}.svc:5432/{NAME}"},
        "mlflow": {"address": f"http://mlflow.{STORES}.svc"},
        "store": {"endpoint": f"http://s3.{STORES}.svc:8333"},
    }
    (folder / "site.yaml").write_text(yaml.safe_dump(values(NAME, "knative") | addresses))
    return site
