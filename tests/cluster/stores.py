"""What a site has before us, and names by address: PostgreSQL, an S3 store and MLflow, in a namespace of their own."""

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from earlybell import __version__
from tests.cluster.cluster import HERE, Cluster, Object

REGISTRY_USER, S3_KEY, BUCKET = "admin", "earlybell", "earlybell"
_S3 = (
    "import boto3, pathlib, sys; client, root = boto3.client('s3', endpoint_url=sys.argv[1]), pathlib.Path(sys.argv[2])"
)
_MAKE = f"{_S3}\nclient.create_bucket(Bucket='{BUCKET}')"
_DOWNLOAD = f"""{_S3}
for page in client.get_paginator("list_objects_v2").paginate(Bucket="{BUCKET}"):
    for one in page.get("Contents", []):
        path = root / one["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        client.download_file("{BUCKET}", one["Key"], str(path))"""
_UPLOAD = f"""{_S3}
for path in root.rglob("*"):
    if path.is_file():
        client.upload_file(str(path), "{BUCKET}", str(path.relative_to(root)))"""


@dataclass(frozen=True)
class Stores:
    """The stores of one site, in a namespace."""

    cluster: Cluster
    namespace: str

    def secret(self, name: str, key: str) -> str:
        data = self.cluster.get("-n", self.namespace, "secret", name)["data"][key]
        return base64.b64decode(data).decode()

    def sql(self, statement: str, database: str = "earlybell") -> str:
        """What PostgreSQL answers its administrator."""
        psql = ("exec", "postgresql-0", "--", "psql", "-U", "earlybell", "-d", database, "-Atc")
        return self.cluster.kubectl("-n", self.namespace, *psql, statement)

    def role(self, name: str, password: str) -> None:
        """A role of PostgreSQL that may log in by that password, and do nothing else."""
        if not self.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'"):
            self.sql(f'CREATE ROLE "{name}" LOGIN')
        self.sql(f"ALTER ROLE \"{name}\" PASSWORD '{password}'")

    def database(self, name: str, owner: str = "earlybell", guest: str = "") -> None:
        """A database that its owner, and one guest, alone may enter; if it is not there."""
        if not self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            self.sql(f'CREATE DATABASE "{name}" OWNER "{owner}"')
            self.sql(f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC')
        if guest:
            self.sql(f'GRANT CONNECT ON DATABASE "{name}" TO "{guest}"')

    def start_registry(self) -> None:
        """MLflow's server, on the databases that are there."""
        self.cluster.apply(*_objects(self.namespace, "mlflow"))
        self._up("deploy/mlflow")

    @contextmanager
    def postgresql(self) -> Iterator[str]:
        """HOST:PORT of PostgreSQL for a person outside of the cluster."""
        with self.cluster.forward(self.namespace, "svc/postgresql", 5432) as port:
            yield f"127.0.0.1:{port}"

    @contextmanager
    def bucket(self) -> Iterator[dict[str, str]]:
        """The S3 store's address and key, as its clients' settings name them."""
        with self.cluster.forward(self.namespace, "svc/s3", 8333) as port:
            yield {
                "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": S3_KEY,
                "AWS_SECRET_ACCESS_KEY": self.secret("s3", "AWS_SECRET_ACCESS_KEY"),
            }

    def download(self, folder: Path) -> None:
        """All that lies in the bucket, to a folder."""
        self._s3(_DOWNLOAD, folder)

    def upload(self, folder: Path) -> None:
        """A folder's files, into the bucket."""
        self._s3(_UPLOAD, folder)

    def _s3(self, code: str, folder: Path = Path()) -> None:
        with self.bucket() as s3:
            self.cluster.run("python", "-c", code, s3["MLFLOW_S3_ENDPOINT_URL"], folder, environment=s3)

    @contextmanager
    def registry(self) -> Iterator[dict[str, str]]:
        """MLflow's address and password, as its clients' settings name them."""
        with self.cluster.forward(self.namespace, "svc/mlflow", 80) as port:
            yield {
                "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}",
                "MLFLOW_TRACKING_USERNAME": REGISTRY_USER,
                "MLFLOW_TRACKING_PASSWORD": self.secret("mlflow", "password"),
            }

    @contextmanager
    def clients(self) -> Iterator[dict[str, str]]:
        """The settings of registry and bucket together."""
        with self.registry() as mlflow, self.bucket() as s3:
            yield mlflow | s3

    def _up(self, workload: str) -> None:
        self.cluster.kubectl("-n", self.namespace, "rollout", "status", workload, "--timeout=300s")


@contextmanager
def empty(cluster: Cluster, namespace: str) -> Iterator[Stores]:
    """New stores with passwords of their own: empty databases for MLflow, which does not run yet; an empty bucket."""
    cluster.create(namespace)
    made = Stores(cluster, namespace)
    try:
        cluster.apply(*_passwords(namespace), *_objects(namespace, "postgresql"), *_objects(namespace, "s3"))
        for name in ("postgresql", "s3"):
            made._up(f"statefulset/{name}")
        for name in ("mlflow", "mlflow_auth"):
            made.database(name)
        made._s3(_MAKE)
        yield made
    finally:
        cluster.remove(namespace, wait=False)


@contextmanager
def stores(cluster: Cluster, namespace: str) -> Iterator[Stores]:
    """New and empty stores, with MLflow."""
    with empty(cluster, namespace) as made:
        made.start_registry()
        yield made


def _objects(namespace: str, app: str) -> list[Object]:
    """The objects of one store."""
    text = (HERE / "stores.yaml").read_text().replace("TAG", __version__)
    named = [manifest for manifest in yaml.safe_load_all(text) if manifest["metadata"]["name"] == app]
    return [manifest | {"metadata": manifest["metadata"] | {"namespace": namespace}} for manifest in named]


def _passwords(namespace: str) -> list[Object]:
    postgresql, s3, mlflow = (secrets.token_hex(16) for _ in range(3))
    database = f"postgresql+psycopg://earlybell:{postgresql}@postgresql:5432/mlflow_auth"
    auth = (
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = {database}\nadmin_username = {REGISTRY_USER}\nadmin_password = {mlflow}\n"
    )
    passwords = {
        "postgresql": {"password": postgresql},
        "s3": {"AWS_ACCESS_KEY_ID": S3_KEY, "AWS_SECRET_ACCESS_KEY": s3},
        "mlflow": {"password": mlflow, "session": secrets.token_hex(32), "auth.ini": auth},
    }
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "stringData": data}
        for name, data in passwords.items()
    ]
