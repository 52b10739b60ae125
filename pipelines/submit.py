"""Pipelines on a cluster, through KFP's client: the version uploaded, a run, a recurring run, and its end awaited."""

import io
import json
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import kfp
import kfp_server_api
import urllib3

from earlybell.causes import innermost, remedy
from earlybell.clock import within
from earlybell.errors import PipelineError, SettingError
from earlybell.moved import check_moved
from earlybell.proxies import proxy_of
from pipelines.compiled import PIPELINES, compile_pipeline, pipeline_name
from pipelines.schedule import Schedule as Schedule
from pipelines.schedule import read_schedule as read_schedule  # for who looks for it here
from pipelines.settings import SETTINGS, parameters

EXPERIMENT = "earlybell"
ACCOUNT = "earlybell-pipeline"  # of the chart
SECONDS = 60.0  # for KFP to answer all that a step of ours asks
_PAGE = 100
_ENDED = ("SUCCEEDED", "FAILED", "SKIPPED", "CANCELED")
_ANNOUNCED = ("SUCCEEDED", "FAILED")
_LIVE = ("PENDING", "RUNNING")
_LATE = 4  # how often an ended run is read: KFP says that it has ended before it says how its last steps did
# KFP lists every node of Argo's: a step of ours is one of its name, beside its driver, its executor and their attempts.
_STEPS = {
    name
    for pipeline in PIPELINES.values()
    for graph in (pipeline.pipeline_spec.root, *pipeline.pipeline_spec.components.values())
    for name, task in graph.dag.tasks.items()
    if pipeline.pipeline_spec.components[task.component_ref.name].executor_label
}

Parameters: TypeAlias = Mapping[str, str | float | list[str]]  # of a pipeline, by name


@dataclass(frozen=True)
class _Recurring:
    """What a recurring run does: what differs in it makes another one necessary.

    Attributes:
        version: ids of the pipeline and of its version; None: KFP names none.
        account: service account of its pods; None: whichever it is.
        mode: as `ENABLE`.
    """

    version: tuple[str, str] | None
    parameters: Parameters
    when: Schedule
    account: str | None
    mode: str


def read_parameters(name: str, sources: list[str], settings: list[str]) -> Parameters:
    """The parameters of a pipeline: its sources, and those written as `NAME=VALUE`.

    Raises:
        SettingError: the pipeline has no such parameter, or it is not a number or out of bounds.
    """
    known = parameters(SETTINGS[name])
    read: dict[str, str | float | list[str]] = {"sources": sources}
    for setting in settings:
        key, equals, value = setting.partition("=")
        check_moved(key)
        if not equals or key not in known:
            raise SettingError(f"{name} has no such parameter", setting, f"NAME=VALUE, of {', '.join(sorted(known))}.")
        read[key] = known[key].read(value)
    return read


class Backend:
    """Kubeflow Pipelines at an address.

    Args:
        token: a bearer token; empty: none.
        namespace: of the site; empty: KFP serves one alone.
        service_account: of the tasks' pods; empty: the chart's in the site's namespace, else KFP's own.

    Raises (each method, too):
        PipelineError: it cannot be reached, or refuses.
    """

    def __init__(self, endpoint: str, token: str = "", namespace: str = "", service_account: str = "") -> None:
        self._endpoint, self._namespace = endpoint.rstrip("/"), namespace or None
        self._account = service_account or (ACCOUNT if namespace else None)
        logging.getLogger("urllib3").setLevel(logging.ERROR)  # it tells of each attempt
        with self._reached(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "This client only works with", FutureWarning)
            self._client = within(SECONDS, lambda: self._connected(token, namespace))

    def run(self, name: str, parameters: Parameters) -> str:
        """Start a run of a pipeline; its id."""
        with self._reached():
            return within(SECONDS, lambda: self._run(name, parameters))

    def schedule(self, name: str, parameters: Parameters, when: Schedule) -> str:
        """Have the pipeline run by a schedule, in the place of its earlier ones; what was done.

        The new one is made before the old ones go: whatever fails in between, the site is not without.
        """
        with self._reached():
            return within(SECONDS, lambda: self._schedule(name, parameters, when))

    def wait(self, run: str, say: Callable[[str], object], seconds: float = 5) -> None:
        """Wait until a run has ended, telling each task that did.

        Raises:
            PipelineError: it failed; the error names the tasks.
        """
        announced, late = set[str](), _LATE
        while late:
            state, nodes = self._read(run)
            for node in nodes:
                if node.state in _ANNOUNCED and node.display_name in _STEPS and node.task_id not in announced:
                    announced.add(node.task_id)
                    say(f"{node.display_name}: {node.state.lower()}")
            if state in _ENDED:
                late = late - 1 if any(node.state in _LIVE for node in nodes) else 0
            time.sleep(seconds if late else 0)
        if state != "SUCCEEDED":
            way_out = f"Read their logs in the pods, or at {self._endpoint}/#/runs/details/{run}."
            raise PipelineError(f"run {run} {state.lower()}", _failed(nodes) or state, way_out)

    def nodes(self, run: str) -> list[tuple[str, str]]:
        """Name and state of every node of a run; several have the same name, as `executor`."""
        return [(node.display_name, node.state) for node in self._read(run)[1]]

    def _read(self, run: str) -> tuple[str, list[Any]]:
        with self._reached():
            response = within(SECONDS, lambda: self._client.get_run(run))
        return str(response.state), (response.run_details and response.run_details.task_details) or []

    def _connected(self, token: str, namespace: str) -> kfp.Client:
        self._probe(token)
        return kfp.Client(
            host=self._endpoint,
            namespace=namespace or "kubeflow",
            existing_token=token or None,
            ssl_ca_cert=os.environ.get("SSL_CERT_FILE"),
            proxy=proxy_of(self._endpoint) or None,
        )

    def _run(self, name: str, parameters: Parameters) -> str:
        version = self._version(name)
        title = f"{pipeline_name(name)} {datetime.now(UTC):%Y-%m-%d %H:%M}"
        created = self._client.run_pipeline(
            self._experiment(), title, params=parameters, service_account=self._account, **version
        )
        return str(created.run_id)

    def _schedule(self, name: str, parameters: Parameters, when: Schedule) -> str:
        version, experiment = self._version(name), self._experiment()
        before = self._scheduled(pipeline_name(name), experiment)
        ids = (version["pipeline_id"], version["version_id"])
        desired = _Recurring(ids, parameters, when, self._account, "ENABLE")
        if len(before) == 1 and _recurring(before[0], self._account) == desired:
            return f"recurring run {before[0].recurring_run_id} stays as it is"
        created = self._client.create_recurring_run(
            experiment,
            pipeline_name(name),
            cron_expression=when.cron or None,
            interval_second=when.seconds or None,
            no_catchup=True,
            params=parameters,
            service_account=self._account,
            **version,
        )
        for recurring in before:
            self._client.delete_recurring_run(recurring.recurring_run_id)
        replaced = (
            f", in the place of {', '.join(recurring.recurring_run_id for recurring in before)}" if before else ""
        )
        return f"recurring run {created.recurring_run_id}{replaced}"

    def _version(self, name: str) -> dict[str, str]:
        """The ids of the pipeline and of its version, which are made if KFP does not have them."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.yaml"
            version = compile_pipeline(name, path)
            pipeline = self._pipeline(pipeline_name(name))
            pages = self._pages(self._client.list_pipeline_versions, "pipeline_versions", pipeline_id=pipeline)
            known = {entry.display_name: entry.pipeline_version_id for entry in pages}
            if version not in known:
                uploaded = self._client.upload_pipeline_version(str(path), version, pipeline_id=pipeline)
                known[version] = uploaded.pipeline_version_id
        return {"pipeline_id": pipeline, "version_id": known[version]}

    def _pipeline(self, name: str) -> str:
        for pipeline in self._pages(self._client.list_pipelines, "pipelines", namespace=self._namespace):
            if name in (pipeline.name, pipeline.display_name):
                return str(pipeline.pipeline_id)
        body = kfp_server_api.V2beta1Pipeline(name=name, display_name=name, namespace=self._namespace)
        return str(self._client.pipelines.pipeline_service_create_pipeline(body).pipeline_id)

    def _experiment(self) -> str:
        return str(self._client.create_experiment(EXPERIMENT, namespace=self._namespace).experiment_id)

    def _scheduled(self, name: str, experiment: str) -> list[Any]:
        pages = self._pages(self._client.list_recurring_runs, "recurring_runs", experiment_id=experiment)
        return [recurring for recurring in pages if recurring.display_name == name]

    def _pages(self, list_page: Callable[..., Any], kind: str, **arguments: Any) -> Iterator[Any]:
        token = ""
        while True:
            page = list_page(page_token=token, page_size=_PAGE, **arguments)
            yield from getattr(page, kind) or []
            if not (token := page.next_page_token or ""):
                return

    def _probe(self, token: str) -> None:
        """Ask once and soon whether it is there: the client would ask for minutes."""
        configuration = kfp_server_api.Configuration(host=self._endpoint)
        configuration.ssl_ca_cert = os.environ.get("SSL_CERT_FILE")
        configuration.proxy = proxy_of(self._endpoint) or None
        if token:
            configuration.api_key, configuration.api_key_prefix = {"authorization": token}, {"authorization": "Bearer"}
        api = kfp_server_api.HealthzServiceApi(kfp_server_api.ApiClient(configuration))
        api.healthz_service_get_healthz(_request_timeout=10)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn what the client raises into a PipelineError; what it prints is not ours to say."""
        at = f"Kubeflow Pipelines at {self._endpoint}"
        try:
            with redirect_stdout(io.StringIO()):
                yield
        except kfp_server_api.ApiException as error:
            other = "Check the address, KFP_TOKEN and --namespace, and look into the log of its API server."
            if not error.status:  # what its client makes of a failure of TLS
                raise PipelineError(f"{at} cannot be reached", _message(error), self._remedy(error, other)) from None
            raise PipelineError(f"{at} refuses", _message(error), self._remedy(error, other)) from None
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            other = "Start it, or name its address by --endpoint or KFP_ENDPOINT, as http://localhost:8888."
            raise PipelineError(f"{at} cannot be reached", innermost(error), self._remedy(error, other)) from None

    def _remedy(self, error: Exception, other: str) -> str:
        return remedy(
            error,
            other,
            what="Kubeflow Pipelines",
            setting="--endpoint or KFP_ENDPOINT",
            login="a token that is good goes into KFP_TOKEN",
            address=self._endpoint,
        )


def _failed(nodes: list[Any]) -> str:
    """The steps that failed, or whose driver did: nothing of the step itself ran then."""
    steps = {node.display_name.removesuffix("-driver") for node in nodes if node.state == "FAILED"}
    return ", ".join(sorted(steps & _STEPS))


def _recurring(run: Any, account: str | None) -> _Recurring:
    """What a recurring run of KFP does; where no account is asked for, any will do."""
    reference, trigger = run.pipeline_version_reference, run.trigger
    periodic, cron = trigger.periodic_schedule, trigger.cron_schedule
    return _Recurring(
        version=(reference.pipeline_id, reference.pipeline_version_id) if reference else None,
        parameters=run.runtime_config.parameters,
        when=Schedule(cron.cron if cron else "", int(periodic.interval_second) if periodic else 0),
        account=account and run.service_account,
        mode=run.mode,
    )


def _message(error: Any) -> str:
    """The server's own words, or the status."""
    try:
        body = json.loads(error.body)
        return f"{error.status}: {body.get('error') or body.get('message')}"
    except (ValueError, TypeError, AttributeError):
        return " ".join(f"{error.status or ''} {error.reason}".split())
