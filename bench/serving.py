"""The server: latency, beside KServe's scikit-learn server, killed under load, start and weight, memory in time.

The model is the paper's forest, trained on a simulated site of our own.
"""

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import installed, load, measure, servers
from bench.servers import INFER, PREDICT, ROWS
from earlybell.trail import read_records, verify

PARTS = ("latency", "kserve", "kill", "start", "growth")
CLIENTS = (1, 16)
TIMES, START_SECONDS, GROWTH = 5, 5, 0.10  # targets
# By body and clients: milliseconds at most, and requests a second and processor at least.
TARGETS = {
    "one": {"1": {"p50_ms": 6, "p99_ms": 12}, "16": {"a_second": 300}},
    "class": {"1": {"p50_ms": 250}, "16": {"p99_ms": 5000}},
}
PAPER_MS = 215  # the first paper's latency
SAME = 1e-5  # difference of two probabilities that float32 explains
_REQUIREMENTS = Path(__file__).parents[1] / "requirements"


@dataclass(frozen=True)
class Sizes:
    """How much is asked; `seconds` bounds each measurement."""

    learners: int = 200
    events: int = 1000
    one_learner: int = 2000
    whole_class: int = 48
    vectors: int = 10_000
    seconds: float = 20.0
    repeat: int = 3
    kills: int = 20
    growth: tuple[int, int] = (5_000, 50_000)
    install: bool = True


QUICK = Sizes(20, 60, 20, 4, 40, 5.0, 1, 2, (40, 200), install=False)


def serving(folder: Path, sizes: Sizes, parts: tuple[str, ...] = PARTS) -> dict[str, Any]:
    """The figures of these parts; site and bundle are kept in `folder`, trails and logs of this run are made anew."""
    site = _site(folder, sizes)
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir()
    measured: dict[str, Callable[[Path, Path, Sizes], dict[str, Any]]] = {
        "latency": _latency,
        "kserve": _beside_kserve,
        "kill": _kill,
        "start": _start,
        "growth": _growth,
    }
    figures: dict[str, Any] = {"learners": sizes.learners, "events": sizes.events}
    for part in parts:
        figures[part] = measured[part](site, run, sizes) | {"load": measure.machine()["load"]}
    return figures


def agrees(figures: dict[str, Any]) -> bool:
    """Whether what must be, is: no acknowledged answer is missing, the trail is whole, the forests are the same."""
    kill, kserve = figures.get("kill"), figures.get("kserve")
    return not (kill and (kill["missing"] or not kill["whole"])) and not (kserve and not kserve["same_forest"])


def report(figures: dict[str, Any]) -> None:
    """Print every figure beside what it is compared to."""
    shown = {
        "latency": _report_latency,
        "kserve": _report_kserve,
        "kill": _report_kill,
        "start": _report_start,
        "growth": _report_growth,
    }
    print(f"\nServing a forest; a course run of {figures['learners']} learners with {figures['events']} events each")
    for part, show in shown.items():
        if part in figures:
            show(figures[part])
            print(f"  (load of the machine: {figures[part]['load']})")


def _site(folder: Path, sizes: Sizes) -> Path:
    site = folder / f"serving-{sizes.learners}-{sizes.events}"
    done = site / "bodies" / "bad-0.json"  # of what is written last
    if not done.exists():
        shutil.rmtree(site, ignore_errors=True)
        measure.run("serving", site, sizes.learners, sizes.events)
    return site


def _trail(run: Path, name: str) -> str:
    return f"sqlite:{run / name}.db"


def _body(site: Path, name: str) -> str:
    return str(site / "bodies" / f"{name}.json")


def _latency(site: Path, run: Path, sizes: Sizes) -> dict[str, Any]:
    figures = {}
    requests_of = {"one": (sizes.one_learner, "one"), "class": (sizes.whole_class, "class")}
    with servers.ours(site / "bundle", _trail(run, "latency"), run / "latency.log") as server:
        for name, (requests, body) in requests_of.items():
            figures[name] = {
                str(clients): _asked(server, _body(site, body), clients, requests, sizes) for clients in CLIENTS
            }
    return figures | {"targets": TARGETS}


def _asked(server: servers.Server, body: str, clients: int, requests: int, sizes: Sizes) -> dict[str, Any]:
    """What came back, and the processor time of a request."""
    before = server.cpu_seconds
    plan = load.Plan(server.port, [(PREDICT, body)], clients, requests, sizes.seconds, clients)
    summary = load.run(plan)
    return summary | {"cpu_ms": _cpu_ms(server.cpu_seconds - before, summary, plan)}


def _cpu_ms(seconds: float, summary: dict[str, Any], plan: load.Plan) -> float:
    return round(1000 * seconds / (summary["requests"] + plan.warm), 2)


def _report_latency(figures: dict[str, Any]) -> None:
    _heading()
    for name, title in (("one", "one learner"), ("class", "the whole class")):
        for clients, figures_of_clients in figures[name].items():
            print(
                f"  {title:18}{clients:>4}{_line(figures_of_clients)}  CPU {figures_of_clients['cpu_ms']} ms a request"
            )
    for name, by_clients in TARGETS.items():
        for clients, targets in by_clients.items():
            reached = ", ".join(
                f"{key} {figures[name][clients][key]} (target: {most})" for key, most in targets.items()
            )
            print(f"  {name}, {clients} clients: {reached}")
    print(f"  one learner: the paper reports {PAPER_MS} ms")


def _heading() -> None:
    print(f"\n  {'clients':>22}{'requests':>10}{'a second':>10}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}  statuses")


def _line(summary: dict[str, Any]) -> str:
    times = "".join(f"{summary[f'p{p}_ms']:10.2f}" for p in (50, 95, 99))
    statuses = ", ".join(f"{status}: {count}" for status, count in summary["statuses"].items())
    return f"{summary['requests']:10,}{summary['a_second']:10.1f}{times}  {statuses}"


def _beside_kserve(site: Path, run: Path, sizes: Sizes) -> dict[str, Any]:
    """Both servers in turn, one row a request; of several runs the most requests a second and the least times count."""
    with (
        servers.ours(site / "bundle", _trail(run, "kserve"), run / "kserve-ours.log") as our_server,
        servers.theirs(site / "forest.npz", run / "kserve-theirs.log") as their_server,
    ):
        both = {"ours": our_server, "theirs": their_server}
        runs: dict[str, dict[str, list[dict[str, Any]]]] = {
            str(clients): {name: [] for name in both} for clients in CLIENTS
        }
        for _ in range(sizes.repeat):
            for clients in CLIENTS:
                for name, server in both.items():
                    runs[str(clients)][name].append(_vectors(site, server, name, clients, sizes))
        same = _same_forest(site, their_server)
    best = {
        clients: {name: _best(several) for name, several in by_server.items()} for clients, by_server in runs.items()
    }
    return {
        "clients": {clients: by_server | _ratios(by_server) for clients, by_server in best.items()},
        "same_forest": same,
    }


def _vectors(site: Path, server: servers.Server, name: str, clients: int, sizes: Sizes) -> dict[str, Any]:
    asks = [(INFER, _body(site, f"{name}-{i}")) for i in range(ROWS)]
    before = server.cpu_seconds
    plan = load.Plan(server.port, asks, clients, sizes.vectors, sizes.seconds / 2, warm=clients * 5)
    summary = load.run(plan)
    return summary | {"cpu_ms": _cpu_ms(server.cpu_seconds - before, summary, plan)}


def _best(runs: list[dict[str, Any]]) -> dict[str, Any]:
    least = {name: min(run[name] for run in runs) for name in ("p50_ms", "p95_ms", "p99_ms", "cpu_ms")}
    return max(runs, key=lambda run: run["a_second"]) | least | {"runs": [run["a_second"] for run in runs]}


def _ratios(by_server: dict[str, Any]) -> dict[str, float]:
    ours, theirs = by_server["ours"], by_server["theirs"]
    return {
        "times_throughput": round(ours["a_second"] / theirs["a_second"], 2),
        "times_less_cpu": round(theirs["cpu_ms"] / ours["cpu_ms"], 2),
    }


def _same_forest(site: Path, server: servers.Server) -> bool:
    """Whether their probabilities are our scores before calibration."""
    expected = np.load(site / "expected.npz")["score"]
    bodies = [Path(_body(site, f"theirs-{i}")).read_bytes() for i in range(ROWS)]
    scores = [json.loads(server.post(INFER, body))["outputs"][0]["data"][1] for body in bodies]
    return bool(np.abs(expected - np.array(scores)).max() < SAME)


def _report_kserve(figures: dict[str, Any]) -> None:
    print("\n  V2 infer, one row a request, beside KServe's scikit-learn server with the same forest.")
    print("  Ours also calibrates, says its doubt and keeps a durable record of each answer; theirs does none of this.")
    _heading()
    for clients, by_server in figures["clients"].items():
        for name in ("ours", "theirs"):
            print(f"  {name:18}{clients:>4}{_line(by_server[name])}  CPU {by_server[name]['cpu_ms']} ms a request")
        print(f"  {clients} clients: {by_server['times_throughput']} times the throughput (target: {TIMES}),", end=" ")
        print(f"{by_server['times_less_cpu']} times less CPU; p99 {by_server['ours']['p99_ms']} ms", end=" ")
        print(f"(target: below {by_server['theirs']['p99_ms']})")
    print(f"  the forests give the same probabilities: {'yes' if figures['same_forest'] else 'NO'}")


def _kill(site: Path, run: Path, sizes: Sizes) -> dict[str, Any]:
    """One trail for all; the moment of each kill is drawn."""
    trail, draw = _trail(run, "kill"), random.Random(42)  # noqa: S311
    asks = [(INFER, _body(site, "ours-0")), (PREDICT, _body(site, "few"))]
    acknowledged: list[str] = []
    for i in range(sizes.kills):
        with servers.ours(site / "bundle", trail, run / "kill.log") as server:
            asking = load.start(load.Plan(server.port, asks, 8, 10**6, 60.0, tag=f"kill-{i}"))
            time.sleep(draw.uniform(0.2, 2.0))
            server.kill()
            acknowledged += load.finish(asking, 120)["acknowledged"]
    recorded = {record.request_id for record in read_records(trail)}
    audit = verify(trail)
    return {
        "kills": sizes.kills,
        "acknowledged": len(acknowledged),
        "missing": len(set(acknowledged) - recorded),
        "records": len(recorded),
        "whole": audit.whole,
        "findings": [str(finding) for finding in audit.findings[:5]],
    }


def _report_kill(figures: dict[str, Any]) -> None:
    print(
        f"\n  kill -9 under load, {figures['kills']} times: {figures['acknowledged']:,} answers acknowledged,", end=" "
    )
    print(f"{figures['missing']} of them missing from the trail (target: 0)")
    print(f"  the trail is whole: {'yes' if figures['whole'] else figures['findings']}")


def _start(site: Path, run: Path, sizes: Sizes) -> dict[str, Any]:
    seconds, cpu, resident = [], [], []
    for i in range(sizes.repeat):
        with servers.ours(site / "bundle", _trail(run, f"start-{i}"), run / "start.log") as server:
            seconds.append(round(server.seconds, 2))
            cpu.append(round(server.cpu_seconds, 2))
            resident.append(server.resident_mib)
    fresh = installed.fresh(_REQUIREMENTS / "serving.txt", run.parent) if sizes.install else None
    return {
        "seconds": min(seconds),
        "runs": seconds,
        "cpu_seconds": min(cpu),
        "resident_mib": max(resident),
        "serving_set": fresh,
        "training_set": installed.here(_REQUIREMENTS / "training.txt"),
    }


def _report_start(figures: dict[str, Any]) -> None:
    runs = ", ".join(map(str, figures["runs"]))
    print(
        f"\n  from start to ready: {figures['seconds']} s (target: below {START_SECONDS}; every run: {runs}),", end=" "
    )
    print(f"CPU {figures['cpu_seconds']} s")
    print(f"  memory once loaded: {figures['resident_mib']} MiB")
    for name, title in (("serving_set", "what serves"), ("training_set", "what trains")):
        size = figures[name]
        text = f"{size['mb']:,} MB, {size['packages']} packages" if size else "not measured"
        print(f"  installed dependencies of {title}: {text}")


def _growth(site: Path, run: Path, sizes: Sizes) -> dict[str, Any]:
    """Memory after the first requests and after all: predictions, vectors, and what must be refused."""
    asks = _mixed(site)
    early, all_of_them = sizes.growth
    with servers.ours(site / "bundle", _trail(run, "growth"), run / "growth.log") as server:
        steps = [early] * (all_of_them // early)
        resident, statuses, began = [], Counter[str](), time.monotonic()
        for requests in steps:
            summary = load.run(load.Plan(server.port, asks, 8, requests, 600.0))
            resident.append(server.resident_mib)
            statuses.update(summary["statuses"])
    return {
        "requests": sum(steps),
        "early": early,
        "seconds": round(time.monotonic() - began),
        "resident_mib": resident,
        "growth": round(resident[-1] / resident[0] - 1, 3),
        "statuses": dict(statuses),
    }


def _mixed(site: Path) -> list[tuple[str, str]]:
    bad = sorted(str(path) for path in (site / "bodies").glob("bad-*.json"))
    asks = [(path, file) for file in bad for path in (PREDICT, INFER)]
    asks += [(INFER, _body(site, f"ours-{i}")) for i in range(2 * len(bad))]
    return asks + [(PREDICT, _body(site, "few"))] * (len(bad) // 2)


def _report_growth(figures: dict[str, Any]) -> None:
    print(f"\n  memory after {figures['early']:,} requests {figures['resident_mib'][0]} MiB,", end=" ")
    print(f"after {figures['requests']:,} {figures['resident_mib'][-1]} MiB: {figures['growth']:+.1%}", end=" ")
    print(f"(target: below {GROWTH:.0%}); statuses {figures['statuses']}, {figures['seconds']} s")
