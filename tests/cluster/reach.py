"""How a person outside of the cluster reaches stores: anew for a module, as a node that restarts ends all that was."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.cluster import Cluster
from tests.cluster.site import Site, secret


@contextmanager
def databases(cluster: Cluster, trail: str, namespace: str = "stores") -> Iterator[dict[str, str]]:
    """The addresses of the trail's database and of MLflow's, as docs/operations.md names them, and their password."""
    with cluster.forward(namespace, "svc/postgresql", 5432) as port:
        at = f"postgresql://earlybell@127.0.0.1:{port}"
        password = secret(cluster, "postgresql", "password", namespace)
        yield {"TRAIL": f"{at}/{trail}", "MLFLOW_DATABASE": f"{at}/mlflow", "PGPASSWORD": password}


@contextmanager
def bucket(cluster: Cluster, namespace: str = "stores") -> Iterator[dict[str, str]]:
    """The S3 store's address and key."""
    with cluster.forward(namespace, "svc/s3", 8333) as port:
        key = secret(cluster, "s3", "AWS_SECRET_ACCESS_KEY", namespace)
        yield {"MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_SECRET_ACCESS_KEY": key}


@contextmanager
def registry(cluster: Cluster, namespace: str = "stores") -> Iterator[dict[str, str]]:
    """MLflow's address and password."""
    with cluster.forward(namespace, "svc/mlflow", 80) as port:
        password = secret(cluster, "mlflow", "password", namespace)
        yield {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}", "MLFLOW_TRACKING_PASSWORD": password}


@contextmanager
def again(site: Site) -> Iterator[dict[str, str]]:
    """A site's registry, bucket and gateway, reached anew; what it knows of them."""
    with registry(site.cluster) as mlflow, bucket(site.cluster) as s3, site.gateway():
        site.settings.update(mlflow | s3)
        yield mlflow | s3
