"""The API server answers to the alias job's account, which may look and no more; so does the model, if there is one."""

import sys
import urllib.error
import urllib.request
from pathlib import Path

from kubernetes import client, config

config.load_incluster_config()
namespace = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read_text()


def may(verb: str, group: str, resource: str) -> bool:
    """Whether this pod's account may do it here."""
    attributes = client.V1ResourceAttributes(namespace=namespace, verb=verb, group=group, resource=resource)
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    return bool(client.AuthorizationV1Api().create_self_subject_access_review(review).status.allowed)


if not may("list", "serving.kserve.io", "inferenceservices"):
    sys.exit("earlybell-aliases may not list InferenceServices. Look at its Role and RoleBinding.")
if may("get", "", "secrets") or may("patch", "serving.kserve.io", "inferenceservices"):
    sys.exit("earlybell-aliases may do more than look. Look at who gives it further rights.")
print("The cluster's API answers, and the rights are as they should be.")

services = client.CustomObjectsApi().list_namespaced_custom_object(
    "serving.kserve.io", "v1beta1", namespace, "inferenceservices"
)
for service in services["items"]:
    name, address = service["metadata"]["name"], service.get("status", {}).get("address", {}).get("url", "")
    if not address:
        sys.exit(f"InferenceService {name} has no address yet. Look at `kubectl describe inferenceservice {name}`.")
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/v2/models/{name}/ready", timeout=60) as answer:
            print(f"{name} answers {answer.status} at {address}.")
    except (urllib.error.URLError, OSError) as error:
        sys.exit(f"{name} does not answer at {address}: {error}. Look at its pods and at the gateway.")
if not services["items"]:
    print("There is no InferenceService yet: see `earlybell release`.")
