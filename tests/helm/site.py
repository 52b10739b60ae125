"""A namespace of a real API server, as a site has it."""

import copy
import subprocess
from dataclasses import dataclass

import yaml

from tests.apiserver import ApiServer
from tests.helm.render import Object

_RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


@dataclass(frozen=True)
class Site:
    """A namespace of pod security `restricted`.

    Attributes:
        server: that it is on.
        name: its own.
    """

    server: ApiServer
    name: str

    def ask(self, *words: str, objects: list[Object] | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl here, with objects on its stdin; what it printed, whether it failed or not."""
        sent = yaml.dump_all(objects or [], Dumper=yaml.CSafeDumper)
        return self.server.kubectl("-n", self.name, *words, stdin=sent, check=False)

    def apply(self, objects: list[Object]) -> str:
        """Apply objects, strictly, here and not where they say; the server's warnings."""
        done = self.ask("apply", "--server-side", "--validate=strict", "-f", "-", objects=self._here(objects))
        assert done.returncode == 0, done.stderr
        return done.stderr

    def may(self, account: str, rights: list[str], where: str = "") -> list[str]:
        """Those of the rights that a ServiceAccount has, here or in another namespace.

        Args:
            rights: each as `get pods/log`, `list revisions.serving.knative.dev` or `get secrets:earlybell-trail`.
        """
        reviews = [self._review(account, right, where or self.name) for right in rights]
        done = self.server.kubectl(
            "create", "-f", "-", "-o", "jsonpath={.status.allowed} ", stdin=yaml.safe_dump_all(reviews)
        )
        return [right for right, answer in zip(rights, done.stdout.split(), strict=True) if answer == "true"]

    def _here(self, objects: list[Object]) -> list[Object]:
        moved = copy.deepcopy(objects)
        for manifest in moved:
            manifest["metadata"]["namespace"] = self.name
            for subject in manifest.get("subjects", []):
                if "namespace" in subject:
                    subject["namespace"] = self.name
        return moved

    def _review(self, account: str, right: str, where: str) -> Object:
        verb, resource = right.split()
        resource, _, name = resource.partition(":")
        resource, _, group = resource.partition(".")
        resource, _, below = resource.partition("/")
        attributes = {"verb": verb, "group": group, "resource": resource, "subresource": below, "name": name}
        spec = {
            "user": f"system:serviceaccount:{self.name}:{account}",
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{self.name}", "system:authenticated"],
            "resourceAttributes": {"namespace": where, **attributes},
        }
        return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}


def make(server: ApiServer, name: str) -> Site:
    """A new site."""
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": _RESTRICTED}}
    server.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(space))
    return Site(server, name)
