"""What a site has before us, and a site that is installed by the commands of docs/operations.md."""

import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

from earlybell import __version__
from tests.cluster.cluster import HERE, OURS, ROOT, Cluster, Object, wait_for
from tests.cluster.documented import commands

TAG = __version__
OF_MODEL = "serving.kserve.io/inferenceservice=learner-risk"
KSERVICE, REVISION = "service.serving.knative.dev", "revision.serving.knative.dev"
PREDICT = "/v1/models/learner-risk:predict"
USERS = {"MLFLOW_TRACKING_USERNAME": "admin", "AWS_ACCESS_KEY_ID": "earlybell"}


@dataclass(frozen=True)
class Site:
    """A site: its namespace, and a person at it who works in a folder of their own.

    Attributes:
        folder: where the person keeps files: tokens, secrets, values.
        settings: what docs/operations.md lets the person set, and the stores' addresses.
    """

    cluster: Cluster
    name: str
    folder: Path
    overlay: str
    settings: dict[str, str] = field(default_factory=dict)

    def do(self, text: str, **settings: str) -> str:
        """Run commands of a document; what they print."""
        at, known = f"cd {self.folder}\n", self.settings | settings
        return self.cluster.run("bash", "-euo", "pipefail", "-c", at + text, environment=known).stdout

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> str:
        return self.cluster.kubectl("-n", self.name, *arguments, stdin=stdin, check=check)

    def pods(self) -> list[Object]:
        """The pods of the model that are not ending."""
        return [one for one in self._all_pods() if "deletionTimestamp" not in one["metadata"]]

    def _all_pods(self) -> list[Object]:
        found: list[Object] = self.cluster.get("-n", self.name, "pods", "-l", OF_MODEL)["items"]
        return found

    def records(self) -> dict[str, list[dict[str, Any]]]:
        """What the trail keeps of each request, by its id."""
        records: dict[str, list[dict[str, Any]]] = {}
        for line in sql(self.cluster, "SELECT payload FROM trail_payload", self.name).splitlines():
            record = json.loads(line)
            records.setdefault(record["request_id"], []).append(record)
        return records

    def request_of_one(self) -> str:
        """A request about one learner of the course run that docs/operations.md asks about."""
        command = 'earlybell request "$SOURCE" --course "$COURSE" --as-of "$AS_OF"'
        instance = json.loads((self.folder / "request.json").read_text())["instances"][0]
        return self.do(f"{command} --learner {instance['enrolments']['learner_id'][0]}")

    def request_of_all(self, tables: Path) -> str:
        """A request about a whole course run of other tables."""
        asked = under_way(tables)
        return self.do('earlybell request "$SOURCE" --course "$COURSE" --as-of "$AS_OF"', **asked)

    def register(self, version: int) -> None:
        """The bundle of version 1 again as this version, if it is not there: what differs is the number."""
        code = (
            "import mlflow, sys, pathlib; from components.registry import register\n"
            "found = mlflow.MlflowClient().search_model_versions(\"name='learner-risk'\")\n"
            "while len(found) < int(sys.argv[2]): found.append(register(pathlib.Path(sys.argv[1])))"
        )
        self.cluster.run("python", "-c", code, self.folder / "bundle", str(version), environment=self.settings)

    def spoil(self, version: int) -> None:
        """A file of a registered version is changed in the store, as by a hand that should not be there."""
        code = (
            "import sys, boto3; from urllib.parse import urlsplit; from components.registry import find\n"
            "at = urlsplit(find('learner-risk', sys.argv[1]).address)\n"
            "store = boto3.client('s3', endpoint_url=sys.argv[2])\n"
            "store.put_object(Bucket=at.netloc, Key=at.path.strip('/') + '/features.sql', Body=b'SELECT 1')"
        )
        store = self.settings["MLFLOW_S3_ENDPOINT_URL"]
        self.cluster.run("python", "-c", code, str(version), store, environment=self.settings)

    def says_why(self, version: str) -> str:
        """What the pods of a version say on their log."""
        of_version = {"name": "EARLYBELL_MODEL_VERSION", "value": version}
        said = ""
        for pod in self._all_pods():
            if any(of_version in one.get("env", []) for one in pod["spec"]["containers"]):
                said += self.kubectl("logs", pod["metadata"]["name"], "-c", "kserve-container", check=False)
        return said

    def another_runtime(self, of: str, **variables: str) -> str:
        """A ServingRuntime as a new version of Earlybell brings it, of another name; its pods say so in a variable.

        Args:
            of: the end of its name.
            variables: of its pods, in the place of those that the chart's has.
        """
        made = self.cluster.get("-n", self.name, "servingruntime", f"earlybell-{TAG}")
        made["metadata"] = {"name": f"earlybell-{of}", "namespace": self.name}
        own = {"EARLYBELL_OF": of} | variables
        (container,) = made["spec"]["containers"]
        container["env"] = [one for one in container["env"] if one["name"] not in own]
        container["env"] += [{"name": name, "value": value} for name, value in own.items()]
        self.cluster.apply(made)
        return f"earlybell-{of}"

    def release(self, version: str | int, traffic: int | None, *options: str) -> None:
        """`earlybell release … | kubectl apply -f -`; without traffic it is promoted."""
        step = "--promote" if traffic is None else f"--traffic {traffic}"
        more = " ".join(("--overlay", f"manifests/learner-risk/overlays/{self.overlay}", *options))
        self.do(f'earlybell release {version} --namespace "$SITE" {step} {more} | kubectl apply -n "$SITE" -f -')

    def status(self) -> list[dict[str, Any]]:
        """What `earlybell status` says of each version."""
        found: list[dict[str, Any]] = json.loads(self.do('earlybell status --namespace "$SITE" --json'))["versions"]
        return found

    def settled(self, version: str | int, traffic: int, runtime: str = "", seconds: float = 180) -> None:
        """Wait until the cluster says that a version, by that runtime if one is named, is ready and has its share."""

        def there() -> bool:
            rows = [one for one in self.status() if one["version"] == str(version) and runtime in ("", one["runtime"])]
            return bool(rows) and rows[-1]["ready"] > 0 and rows[-1]["traffic"] == traffic and self._scaled()

        wait_for(f"version {version} to have {traffic}% of {self.name}", seconds, there)

    def _scaled(self) -> bool:
        """Whether each Deployment of the Standard mode has the pods that its autoscaler wants of it at least."""
        if self.overlay != "standard":
            return True
        least, ready = (
            {one["metadata"]["name"]: one for one in self.cluster.get("-n", self.name, kind)["items"]}
            for kind in ("hpa", "deployments")
        )
        pods = {name: one["status"].get("readyReplicas", 0) for name, one in ready.items()}
        return all(
            pods[name] >= least[name]["spec"]["minReplicas"] for name in pods if name.startswith("learner-risk-")
        )

    def move(self, version: str | int, runtime: str = "") -> None:
        """All traffic to a version, in the documented steps, whatever serves now."""
        options = ("--runtime", runtime) if runtime else ()
        for traffic in (0, 100):
            self.release(version, traffic, *options)
            self.settled(version, traffic, runtime)
        self.release(version, None, *options)

    def champion(self, version: str | int) -> None:
        """Let a version serve all; what was on trial beside it has no traffic then."""
        stable, *trial = (str(one["version"]) for one in self.status())
        if stable != str(version):
            self.move(version)
        elif trial:
            self.release(trial[0], 0)
        self.settled(version, 100)

    def alone(self, version: str | int) -> None:
        """Let a version serve all, and what was on trial beside it go for good."""
        self.champion(version)
        if len(self.status()) > 1:
            self.move(version)
        traffic = self.cluster.get("-n", self.name, KSERVICE, "learner-risk-predictor")["status"]["traffic"]
        serving = {f"{REVISION}/{one['revisionName']}" for one in traffic}
        if others := set(self.kubectl("get", REVISION, "-o", "name").split()) - serving:
            self.kubectl("delete", *others)  # Knative keeps what was never ready for ten minutes
        wait_for("the other pods to go", 180, lambda: len(self.pods()) == 1)

    def load(self, through: str = "gateway", **asked: Any) -> dict[str, Any]:
        """What `load.py` is told to ask this site: through the gateway, or at an address."""
        address = gateway(self.cluster, self.overlay) if through == "gateway" else through
        return {"address": address, "host": self.host, "path": PREDICT, "token": self.token} | asked

    @contextmanager
    def gateway(self) -> Iterator[None]:
        """Let the person reach the gateway: its address and its certificate, as docs/operations.md names them."""
        data = self.cluster.get("-n", "kourier-system", "secret", "gateway-tls")["data"]["tls.crt"]
        (self.folder / "gateway.crt").write_bytes(base64.b64decode(data))
        with self.cluster.forward("kourier-system", "svc/kourier", 443) as port:
            self.settings["GATEWAY"] = f"127.0.0.1:{port}"
            yield

    @property
    def mode(self) -> str:
        """KServe's word for the mode of its overlay."""
        return self.overlay.capitalize()

    @property
    def token(self) -> str:
        return (self.folder / "moodle.token").read_text().strip()

    @property
    def host(self) -> str:
        return self.settings["HOST"]


@contextmanager
def stores(cluster: Cluster) -> Iterator[dict[str, str]]:
    """PostgreSQL, S3 and MLflow, new; how a person outside of the cluster reaches them.

    Once for all sites, to save memory. Real sites have their own, since on one registry their alias jobs would fight.
    """
    cluster.remove("stores")
    cluster.kubectl("create", "namespace", "stores")
    cluster.kubectl("label", "namespace", "stores", OURS)
    cluster.apply(*_passwords())
    cluster.kubectl("apply", "-f", "-", stdin=(HERE / "stores.yaml").read_text().replace("TAG", TAG))
    cluster.kubectl("-n", "stores", "rollout", "status", "statefulset/postgresql", "--timeout=300s")
    for name in ("mlflow", "mlflow_auth"):
        sql(cluster, f"CREATE DATABASE {name}")
    for workload in ("statefulset/s3", "deploy/mlflow"):
        cluster.kubectl("-n", "stores", "rollout", "status", workload, "--timeout=300s")
    with cluster.forward("stores", "svc/mlflow", 80) as mlflow, cluster.forward("stores", "svc/s3", 8333) as s3:
        addresses = {
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{mlflow}",
            "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{s3}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "MLFLOW_TRACKING_USERNAME": USERS["MLFLOW_TRACKING_USERNAME"],
            "MLFLOW_TRACKING_PASSWORD": secret(cluster, "mlflow", "password"),
            "AWS_ACCESS_KEY_ID": USERS["AWS_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": secret(cluster, "s3", "AWS_SECRET_ACCESS_KEY"),
        }
        make = "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1]).create_bucket(Bucket='earlybell')"
        cluster.run("python", "-c", make, f"http://127.0.0.1:{s3}", environment=addresses)
        yield addresses


def gateway(cluster: Cluster, overlay: str) -> str:
    """Where requests from outside arrive in a mode, as it is seen inside the cluster."""
    namespace, name = {"knative": ("kourier-system", "kourier"), "standard": ("traefik", "traefik")}[overlay]
    return f"https://{cluster.get('-n', namespace, 'service', name)['spec']['clusterIP']}:443"


def _passwords() -> list[Object]:
    postgresql, s3, mlflow = (secrets.token_hex(16) for _ in range(3))
    database = f"postgresql+psycopg://earlybell:{postgresql}@postgresql:5432/mlflow_auth"
    auth = (
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = {database}\nadmin_username = admin\nadmin_password = {mlflow}\n"
    )
    held = {
        "postgresql": {"password": postgresql},
        "s3": {"AWS_ACCESS_KEY_ID": USERS["AWS_ACCESS_KEY_ID"], "AWS_SECRET_ACCESS_KEY": s3},
        "mlflow": {"password": mlflow, "session": secrets.token_hex(32), "auth.ini": auth},
    }
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "stores"}, "stringData": data}
        for name, data in held.items()
    ]


def secret(cluster: Cluster, name: str, key: str, namespace: str = "stores") -> str:
    data = cluster.get("-n", namespace, "secret", name)["data"][key]
    return base64.b64decode(data).decode()


@contextmanager
def installed(
    cluster: Cluster, name: str, folder: Path, reached: dict[str, str], overlay: str = "knative"
) -> Iterator[Site]:
    """A site, installed by the commands of docs/operations.md up to its chart, without a model; gone at the end."""
    site = _prepare(cluster, name, folder, reached, overlay)
    cluster.remove(name)
    site.do(commands("Namespace and secrets"))
    cluster.kubectl("label", "namespace", name, OURS)
    try:
        site.do(commands("The chart"))
        yield site
    finally:
        cluster.remove(name, wait=False)


def _prepare(cluster: Cluster, name: str, folder: Path, reached: dict[str, str], overlay: str) -> Site:
    """What a person has at hand: files of secrets and of values, and a database."""
    (folder / "secrets").mkdir(parents=True)
    for shared in ("helm", "manifests"):
        (folder / shared).symlink_to(ROOT / shared)
    held = {
        "trail": {"PGPASSWORD": secrets.token_hex(16)},
        "pseudonym": {"EARLYBELL_PSEUDONYM_KEY": secrets.token_hex(16)},
        "mlflow": {key: reached[key] for key in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")},
        "s3": {key: reached[key] for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")},
    }
    for file, lines in held.items():
        (folder / f"secrets/{file}.env").write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
    role(cluster, name, held["trail"]["PGPASSWORD"])
    database(cluster, name, owner=name)
    (folder / "site.yaml").write_text(yaml.safe_dump(values(name, overlay)))
    settings = (
        reached
        | held["pseudonym"]
        | {
            "SITE": name,
            "HOST": f"learner-risk-predictor-{name}.example.com" if overlay == "knative" else f"{name}.example.com",
            "VALUES": "site.yaml",
            "S3_HOST": "s3.stores.svc:8333",
            "S3_TLS": "0",
            "EARLYBELL_HOME": str(folder / "home"),
        }
    )
    return Site(cluster, name, folder, overlay, settings)


def under_way(tables: Path) -> dict[str, str]:
    """What the documented commands ask about: the tables, the latest course run in them and a moment in it."""
    query = "SELECT course_id, starts_at + (ends_at - starts_at) * 0.4 FROM read_parquet(?) ORDER BY starts_at DESC"
    course, moment = duckdb.execute(query, [str(tables / "courses.parquet")]).fetchall()[0]
    return {"SOURCE": f"tables:{tables}", "COURSE": course, "AS_OF": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}


def sql(cluster: Cluster, statement: str, database: str = "earlybell", namespace: str = "stores") -> str:
    """What PostgreSQL answers its administrator."""
    psql = ("exec", "postgresql-0", "--", "psql", "-U", "earlybell", "-d", database, "-Atc")
    return cluster.kubectl("-n", namespace, *psql, statement)


def role(cluster: Cluster, name: str, password: str) -> None:
    """A role of PostgreSQL that may log in by that password, and do nothing else."""
    if not sql(cluster, f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'"):
        sql(cluster, f'CREATE ROLE "{name}" LOGIN')
    sql(cluster, f"ALTER ROLE \"{name}\" PASSWORD '{password}'")


def database(cluster: Cluster, name: str, owner: str) -> None:
    """A database in PostgreSQL that its owner alone may enter, if it is not there."""
    if not sql(cluster, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
        sql(cluster, f'CREATE DATABASE "{name}" OWNER "{owner}"')
        sql(cluster, f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC')


def values(name: str, overlay: str) -> Object:
    """The values of a site of the tests: our images by their names here, a database of its own, its gateway."""
    images = {image: {"repository": f"dev.local/earlybell/{image}"} for image in ("serving", "components")}
    trail = {"address": f"postgresql://{name}@postgresql.stores.svc:5432/{name}"}
    few = {"requests": {"cpu": "50m"}}  # all of a cluster shares two cores
    site: Object = {"images": images, "trail": trail, "serving": {"resources": few}}
    if overlay == "standard":
        site["gateway"] = {"create": True, "hostname": f"{name}.example.com"}
    return site
