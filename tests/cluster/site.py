"""What a site has before us, and a site that is installed by the commands of docs/how-to."""

import base64
import json
import secrets
import shlex
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from components.registry import read_aliases
from earlybell import __version__
from earlybell.cli.main import app
from tests.cluster.cluster import OURS, ROOT, Cluster, Object, wait_for
from tests.cluster.documented import commands
from tests.cluster.stores import Stores

TAG = __version__
OF_MODEL = "serving.kserve.io/inferenceservice=learner-risk"
KSERVICE, REVISION = "service.serving.knative.dev", "revision.serving.knative.dev"
PREDICT = "/v1/models/learner-risk:predict"


@dataclass(frozen=True)
class Site:
    """A site: its namespace, and a person at it who works in a folder of their own.

    Attributes:
        folder: where the person keeps files: tokens, secrets, values.
        settings: what docs/how-to lets the person set, and the stores' addresses.
    """

    stores: Stores
    name: str
    folder: Path
    overlay: str
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def cluster(self) -> Cluster:
        return self.stores.cluster

    def do(self, text: str, **settings: str) -> str:
        """Run commands of a document; what they print."""
        at, environment = f"cd {self.folder}\n", self.settings | settings
        return self.cluster.run("bash", "-euo", "pipefail", "-c", at + text, environment=environment).stdout

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> str:
        return self.cluster.kubectl("-n", self.name, *arguments, stdin=stdin, check=check)

    def pods(self, ending: bool = False) -> list[Object]:
        """The pods of the model, if asked also those that are ending."""
        pods: list[Object] = self.cluster.get("-n", self.name, "pods", "-l", OF_MODEL)["items"]
        return [pod for pod in pods if ending or "deletionTimestamp" not in pod["metadata"]]

    def ready(self) -> list[Object]:
        """The pods of the model that are ready."""
        return [pod for pod in self.pods() if ("Ready", "True") in _conditions(pod)]

    def records(self) -> dict[str, list[dict[str, Any]]]:
        """What the trail keeps of each request, by its id."""
        records: dict[str, list[dict[str, Any]]] = {}
        predictions = "SELECT payload FROM trail_payload WHERE request_id IS NOT NULL"
        for line in self.stores.sql(predictions, self.name).splitlines():
            record = json.loads(line)
            records.setdefault(record["request_id"], []).append(record)
        return records

    def request_of_one(self) -> str:
        """A request about one learner of the course run that docs/how-to asks about."""
        command = 'earlybell request "$SOURCE" --course "$COURSE" --as-of "$AS_OF"'
        instance = json.loads((self.folder / "request.json").read_text())["instances"][0]
        return self.do(f"{command} --learner {instance['enrolments']['learner_id'][0]}")

    def request_of_all(self, tables: Path) -> str:
        """A request about a whole course run of other tables."""
        settings = under_way(tables)
        return self.do('earlybell request "$SOURCE" --course "$COURSE" --as-of "$AS_OF"', **settings)

    def register(self, version: int) -> None:
        """The bundle of version 1 again as this version, if it is not there: what differs is the number."""
        code = (
            "import mlflow, sys, pathlib; from components.registry import register\n"
            "found = mlflow.MlflowClient().search_model_versions(\"name='learner-risk'\")\n"
            "while len(found) < int(sys.argv[2]): found.append(register(pathlib.Path(sys.argv[1])))"
        )
        self.cluster.run("python", "-c", code, self.folder / "bundle", str(version), environment=self.settings)

    def spoil(self, version: int, files: dict[str, str]) -> None:
        """Files of a registered version are changed in the store, as by a hand that should not be there."""
        code = (
            "import json, sys, boto3; from urllib.parse import urlsplit; from components.registry import find\n"
            "at = urlsplit(find('learner-risk', sys.argv[1]).address)\n"
            "store = boto3.client('s3', endpoint_url=sys.argv[2])\n"
            "for name, content in json.load(sys.stdin).items():\n"
            "    store.put_object(Bucket=at.netloc, Key=at.path.strip('/') + '/' + name, Body=content.encode())"
        )
        arguments = (str(version), self.settings["MLFLOW_S3_ENDPOINT_URL"])
        self.cluster.run("python", "-c", code, *arguments, stdin=json.dumps(files), environment=self.settings)

    def says_why(self, version: str) -> str:
        """What the pods of a version say on their log."""
        of_version = {"name": "EARLYBELL_MODEL_VERSION", "value": version}
        logs = ""
        for pod in self.pods(ending=True):
            if any(of_version in container.get("env", []) for container in pod["spec"]["containers"]):
                logs += self.kubectl("logs", pod["metadata"]["name"], "-c", "kserve-container", check=False)
        return logs

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
        container["env"] = [variable for variable in container["env"] if variable["name"] not in own]
        container["env"] += [{"name": name, "value": value} for name, value in own.items()]
        self.cluster.apply(made)
        return f"earlybell-{of}"

    def release(self, version: str | int, traffic: int | None, *options: str) -> None:
        """`earlybell release … | kubectl apply -f -`; without traffic it is promoted."""
        step = ("--promote",) if traffic is None else ("--traffic", str(traffic))
        overlay = ("--overlay", str(ROOT / "manifests/learner-risk/overlays" / self.overlay))
        self.kubectl("apply", "-f", "-", stdin=self._earlybell("release", str(version), *step, *overlay, *options))

    def refused(self, version: str | int, traffic: int) -> str:
        """What `earlybell release` says where it refuses a step."""
        command = f"earlybell release {version} --namespace {self.name} --traffic {traffic}"
        overlay = ("--overlay", f"manifests/learner-risk/overlays/{self.overlay}")
        done = self.cluster.run(*command.split(), *overlay, check=False, environment=self.settings)
        assert done.returncode != 0
        return done.stderr

    def status(self) -> list[dict[str, Any]]:
        """What `earlybell status` says of each version."""
        versions: list[dict[str, Any]] = json.loads(self._earlybell("status", "--json"))["versions"]
        return versions

    def _earlybell(self, *words: str) -> str:
        """What a command prints that runs in this process: the documented ones run as programs.

        Imports alone are two seconds of a processor, and traffic moves in dozens of steps, each of which is asked after
        until it is done, on a machine whose two processors are to do it.
        """
        with self._person():
            done = CliRunner().invoke(app, [*words, "--namespace", self.name])
        assert done.exit_code == 0, f"earlybell {shlex.join(words)}\n{done.output}{done.exception!r}"
        return done.stdout

    @contextmanager
    def _person(self) -> Iterator[None]:
        """This process has the environment of the person at the site, in which warnings are no errors."""
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, value in (self.cluster.environment | self.settings).items():
                patch.setenv(name, value)
            yield

    def settled(self, version: str | int, traffic: int, runtime: str = "", seconds: float = 180) -> None:
        """Wait until the cluster says that a version, by that runtime if one is named, is ready and has its share."""

        def there() -> bool:
            rows = [row for row in self.status() if row["version"] == str(version) and runtime in ("", row["runtime"])]
            return bool(rows) and rows[-1]["ready"] > 0 and rows[-1]["traffic"] == traffic and self._scaled()

        wait_for(f"version {version} to have {traffic}% of {self.name}", seconds, there, pause=1)

    def _scaled(self) -> bool:
        """Whether each Deployment of the Standard mode has the pods that its autoscaler wants of it at least."""
        if self.overlay != "standard":
            return True
        least, ready = (
            {manifest["metadata"]["name"]: manifest for manifest in self.cluster.get("-n", self.name, kind)["items"]}
            for kind in ("hpa", "deployments")
        )
        pods = {name: manifest["status"].get("readyReplicas", 0) for name, manifest in ready.items()}
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

    def aliases(self) -> dict[str, str]:
        """What the registry's aliases name when the site's own job has run, with its account and its Secrets."""
        name = f"aliases-{secrets.token_hex(4)}"
        self.kubectl("create", "job", name, "--from=cronjob/earlybell-aliases")
        self.kubectl("wait", f"job/{name}", "--for=condition=Complete", "--timeout=180s")
        with self._person():
            return read_aliases("learner-risk")

    def champion(self, version: str | int) -> None:
        """Let a version serve all; what was on trial beside it has no traffic then."""
        stable, *trial = (str(row["version"]) for row in self.status())
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
        serving = {f"{REVISION}/{share['revisionName']}" for share in traffic}
        if others := set(self.kubectl("get", REVISION, "-o", "name").split()) - serving:
            self.kubectl("delete", *others)  # Knative keeps what was never ready for ten minutes
        wait_for("the other pods to go", 180, lambda: len(self.pods()) == 1)

    def load(self, through: str = "gateway", **request: Any) -> dict[str, Any]:
        """What `load.py` is told to ask this site: through the gateway, or at an address."""
        address = gateway(self.cluster, self.overlay) if through == "gateway" else through
        return {"address": address, "host": self.host, "path": PREDICT, "token": self.token} | request

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Let the person reach the registry, the bucket and the gateway; anew where a node's restart ended that."""
        with self.stores.clients() as settings, self.gateway():
            self.settings.update(settings)
            yield

    @contextmanager
    def databases(self) -> Iterator[dict[str, str]]:
        """The addresses of the trail's database and of MLflow's, as docs/how-to names them, with passwords."""
        with self.stores.postgresql() as at:
            passwords = {self.name: self.secret_of("trail"), "earlybell": self.stores.secret("postgresql", "password")}
            lines = "".join(f"{at}:*:{role}:{password}\n" for role, password in passwords.items())
            file = self.folder / "pgpass"
            file.write_text(lines)
            file.chmod(0o600)
            yield {
                "TRAIL": f"postgresql://{self.name}@{at}/{self.name}",
                "MLFLOW_DATABASE": f"postgresql://earlybell@{at}/mlflow",
                "PGPASSFILE": str(file),
            }

    def secret_of(self, file: str) -> str:
        """The password in one of the person's files of secrets."""
        return (self.folder / f"secrets/{file}.env").read_text().strip().partition("=")[2]

    @contextmanager
    def gateway(self) -> Iterator[None]:
        """Let the person reach the gateway: its address and its certificate, as docs/how-to names them."""
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


def gateway(cluster: Cluster, overlay: str) -> str:
    """Where requests from outside arrive in a mode, as it is seen inside the cluster."""
    namespace, name = {"knative": ("kourier-system", "kourier"), "standard": ("traefik", "traefik")}[overlay]
    return f"https://{cluster.get('-n', namespace, 'service', name)['spec']['clusterIP']}:443"


def _conditions(pod: Object) -> set[tuple[str, str]]:
    """What is said of a pod, and whether it holds; of one that was made just now, nothing."""
    return {(condition["type"], condition["status"]) for condition in pod["status"].get("conditions", [])}


@contextmanager
def installed(
    stores: Stores, name: str, folder: Path, settings: dict[str, str], overlay: str = "knative", owner: str = ""
) -> Iterator[Site]:
    """A site, installed by the commands of docs/how-to up to its chart, without a model; gone at the end.

    Args:
        settings: how the person reaches the stores, and what they ask about.
        owner: the role that owns the trail's tables, if the pods' role does not.
    """
    site = prepared(stores, name, folder, settings, overlay, owner)
    site.cluster.remove(name)
    site.do(commands("Namespace and secrets"))
    site.cluster.kubectl("label", "namespace", name, OURS)
    if owner:
        create = 'kubectl -n "$SITE" create secret generic earlybell-trail-owner'
        site.do(f"{create} --from-env-file=secrets/trail-owner.env")
    try:
        site.do(commands("The chart"))
        yield site
    finally:
        site.cluster.remove(name, wait=False)


def prepared(
    stores: Stores, name: str, folder: Path, settings: dict[str, str], overlay: str = "knative", owner: str = ""
) -> Site:
    """What a person has at hand: files of secrets and of values, and a database."""
    (folder / "secrets").mkdir(parents=True)
    for shared in ("helm", "manifests"):
        (folder / shared).symlink_to(ROOT / shared)
    roles = {"trail": name} | ({"trail-owner": owner} if owner else {})
    files = {file: {"PGPASSWORD": secrets.token_hex(16)} for file in roles} | {
        "pseudonym": {"EARLYBELL_PSEUDONYM_KEY": secrets.token_hex(16)},
        "mlflow": {key: settings[key] for key in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")},
        "s3": {key: settings[key] for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")},
    }
    for file, lines in files.items():
        (folder / f"secrets/{file}.env").write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
    for file, role in roles.items():
        stores.role(role, files[file]["PGPASSWORD"])
    stores.database(name, owner=owner or name, guest=name)
    (folder / "site.yaml").write_text(yaml.safe_dump(_values(stores.namespace, name, overlay, owner)))
    own = {
        "SITE": name,
        "HOST": f"learner-risk-predictor-{name}.example.com" if overlay == "knative" else f"{name}.example.com",
        "VALUES": "site.yaml",
        "S3_HOST": f"s3.{stores.namespace}.svc:8333",
        "S3_TLS": "0",
        "EARLYBELL_HOME": str(folder / "home"),
    }
    return Site(stores, name, folder, overlay, settings | files["pseudonym"] | own)


def under_way(tables: Path) -> dict[str, str]:
    """What the documented commands ask about: the tables, the latest course run in them and a moment in it."""
    query = "SELECT course_id, starts_at + (ends_at - starts_at) * 0.4 FROM read_parquet(?) ORDER BY starts_at DESC"
    course, moment = duckdb.execute(query, [str(tables / "courses.parquet")]).fetchall()[0]
    return {"SOURCE": f"tables:{tables}", "COURSE": course, "AS_OF": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _values(stores: str, name: str, overlay: str, owner: str) -> Object:
    """The values of a site of the tests: our images by their names here, its stores, its gateway."""
    images = {image: {"repository": f"dev.local/earlybell/{image}"} for image in ("serving", "components")}
    there = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stores}}}
    site: Object = {
        "images": images,
        "trail": {
            "address": f"postgresql://{name}@postgresql.{stores}.svc:5432/{name}",
            "owner": {"role": owner},
        },
        "mlflow": {"address": f"http://mlflow.{stores}.svc"},
        "store": {"endpoint": f"http://s3.{stores}.svc:8333"},
        "networkPolicies": {"stores": [{"to": [there], "ports": [5432, 5000, 8333]}]},
        "serving": {"resources": {"requests": {"cpu": "50m"}}},  # all of a cluster shares two cores
    }
    if overlay == "standard":
        site["gateway"] = {"create": True, "hostname": f"{name}.example.com"}
    return site
