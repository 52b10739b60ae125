"""Who may do what, asked of the API server itself; and what a site's namespace refuses."""

import json
import shutil

import pytest

from tests.apiserver import missing
from tests.cluster.caller import Caller
from tests.cluster.site import Site

SERVICE, ROUTE = "inferenceservices.serving.kserve.io", "httproutes.gateway.networking.k8s.io"
AUTOSCALER = "horizontalpodautoscalers.autoscaling"
MAY = {
    "serving": [],  # it asks the cluster for nothing
    "promotion": [("get", SERVICE), ("create", SERVICE), ("patch", SERVICE), ("patch", ROUTE), ("delete", AUTOSCALER)],
    "aliases": [("get", SERVICE), ("list", SERVICE), ("get", ROUTE)],
    "viewer": [("get", SERVICE), ("list", "pods"), ("get", "events"), ("get", ROUTE)],
    "pipeline": [("list", "pods"), ("get", "configmaps/kfp-launcher")],
}
NEVER = [
    ("get", "secrets"), ("list", "secrets"), ("create", "pods"), ("create", "pods/exec"), ("create", "rolebindings"),
    ("delete", "namespaces"), ("patch", "servingruntimes.serving.kserve.io"), ("create", "serviceaccounts/token"),
    ("create", "persistentvolumeclaims"), ("delete", "persistentvolumeclaims"),
]  # fmt: skip
ONLY_PROMOTION = [
    ("create", SERVICE),
    ("patch", SERVICE),
    ("update", SERVICE),
    ("patch", ROUTE),
    ("delete", AUTOSCALER),
]


def may(site: Site, account: str, verb: str, resource: str, namespace: str = "") -> bool:
    """What the API server says, which must be yes or no: kubectl ends with 1 for a no as for an error."""
    who = f"--as=system:serviceaccount:{site.name}:earlybell-{account}"
    output = site.cluster.kubectl("auth", "can-i", verb, resource, who, "-n", namespace or site.name, check=False)
    answer = output.split()[:1]  # a no may be followed by why
    assert answer in (["yes"], ["no"]), f"can-i {verb} {resource}: {output!r}"
    return answer == ["yes"]


@pytest.mark.parametrize(
    ("account", "verb", "resource"), [(who, *right) for who, all_ in MAY.items() for right in all_]
)
def test_an_account_may_do_its_work(university: Site, account: str, verb: str, resource: str) -> None:
    assert may(university, account, verb, resource)


@pytest.mark.parametrize("account", MAY)
def test_no_account_may_read_secrets_or_take_rights(university: Site, account: str) -> None:
    university.kubectl("get", "serviceaccount", f"earlybell-{account}")  # nobody may nothing: it must be there
    assert [right for right in NEVER if may(university, account, *right)] == []


@pytest.mark.parametrize("account", [who for who in MAY if who != "promotion"])
def test_only_promotion_moves_traffic(university: Site, account: str) -> None:
    assert [right for right in ONLY_PROMOTION if may(university, account, *right)] == []


@pytest.mark.parametrize("account", MAY)
def test_an_account_of_one_site_may_do_nothing_in_another(university: Site, college: Site, account: str) -> None:
    rights = [("get", SERVICE), ("list", "pods"), ("get", "secrets"), ("patch", SERVICE), ("get", "configmaps")]
    assert [right for right in rights if may(university, account, *right, namespace=college.name)] == []


def test_a_pod_that_breaks_the_restricted_standard_is_refused(university: Site) -> None:
    container = {"name": "x", "image": "dev.local/x:1", "securityContext": {"privileged": True}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [container]}}
    refused = university.cluster.run(
        "kubectl", "-n", university.name, "apply", "-f", "-", stdin=json.dumps(pod), check=False
    )
    assert refused.returncode != 0
    assert "violates PodSecurity" in refused.stderr


def test_a_token_of_one_site_is_none_of_the_other(university: Site, college: Site, asking: Caller) -> None:
    body = asking.put("other.json", university.request_of_one())
    answers = asking.ask(**university.load(body=body, count=1, token=college.token))
    assert [answer["status"] for answer in answers.all] == [401]
    answers = asking.ask(**college.load(body=body, count=1, token=university.token))
    assert [answer["status"] for answer in answers.all] == [401]


def test_the_metrics_of_a_site_are_not_for_who_comes_through_its_gateway(
    university: Site, college: Site, asking: Caller
) -> None:
    (answer,) = asking.ask(**university.load(path="/metrics", count=1)).all
    assert answer["status"] == 404
    assert "no such route" in answer["error"]  # the pod's own word: Knative's gateway leads to every path
    (answer,) = asking.ask(**college.load(path="/metrics", count=1)).all
    assert answer["status"] == 404


def test_the_trail_of_a_site_is_its_own(university: Site, college: Site, asking: Caller) -> None:
    body = asking.put("other.json", university.request_of_one())
    (answer,) = asking.ask(**university.load(body=body, count=1)).all
    assert answer["id"] in university.records()
    assert answer["id"] not in college.records()


def test_the_secrets_of_a_site_open_none_of_the_other_s_stores(university: Site, college: Site) -> None:
    ask = (
        "import sys, httpx; print(httpx.get(sys.argv[1], auth=(sys.argv[2], sys.argv[3]), trust_env=False).status_code)"
    )
    search = "/api/2.0/mlflow/registered-models/search"
    list_all = "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1]).list_objects_v2(Bucket='earlybell')"
    own = {name: university.settings[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    if not shutil.which("psql"):
        missing("psql is not installed (postgresql-client)")
    for site in (university, college):  # the same is asked of one's own
        with site.stores.clients() as there, site.stores.postgresql() as at:
            account = (university.settings[f"MLFLOW_TRACKING_{part}"] for part in ("USERNAME", "PASSWORD"))
            registry = site.cluster.run("python", "-c", ask, there["MLFLOW_TRACKING_URI"] + search, *account).stdout
            bucket = site.cluster.run(
                "python", "-c", list_all, there["MLFLOW_S3_ENDPOINT_URL"], check=False, environment=there | own
            )
            trail = site.cluster.run(
                "psql", f"postgresql://{university.name}@{at}/{university.name}", "-c", "SELECT 1", check=False,
                environment={"PGPASSWORD": university.secret_of("trail")},
            )  # fmt: skip
        mine = site is university
        assert registry.strip() == ("200" if mine else "401")
        assert (bucket.returncode == 0, "SignatureDoesNotMatch" in bucket.stderr) == (mine, not mine)
        assert (trail.returncode == 0, "password authentication failed" in trail.stderr) == (mine, not mine)
