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
P99_MS, TIMES, START_SECONDS, GROWTH = 25, 3, 5, 0.10  # targets
PAPER_MS = 215  # the first paper's latency
SAME = 1e-5  # difference of two probabilities that float32 explains
_REQUIREMENTS = Path(__file__).parents[1] / "requirements"


@dataclass(frozen=True)
class Sizes:
    """How much is asked; `seconds` bounds each measurement."""

    learners: int = 200
    events: int = 1000
    one: int = 2000
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
    found: dict[str, Any] = {"learners": sizes.learners, "events": sizes.events}
    for part in parts:
        found[part] = measured[part](site, run, sizes) | {"load": measure.machine()["load"]}
    return found


def agrees(found: dict[str, Any]) -> bool:
    """Whether what must be, is: no acknowledged answer is missing, the trail is whole, the forests are the same."""
    kill, kserve = found.get("kill"), found.get("kserve")
    return not (kill and (kill["missing"] or not kill["whole"])) and not (kserve and not kserve["same_forest"])


def report(found: dict[str, Any]) -> None:
    """Print every figure beside what it is compared to."""
    shown = {
        "latency": _report_latency,
        "kserve": _report_kserve,
        "kill": _report_kill,
        "start": _report_start,
        "growth": _report_growth,
    }
    print(f"\nServing a forest; a course run of {found['learners']} learners with {found['events']} events each")
    for part, show in shown.items():
        if part in found:
            show(found[part])
            print(f"  (load of the machine: {found[part]['load']})")


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
    found = {}
    asked = {"one": (sizes.one, "one"), "class": (sizes.whole_class, "class")}
    with servers.ours(site / "bundle", _trail(run, "latency"), run / "latency.log") as server:
        for name, (requests, body) in asked.items():
            found[name] = {
                str(clients): load.run(
                    load.Plan(server.port, [(PREDICT, _body(site, body))], clients, requests, sizes.seconds, clients)
                )
                for clients in CLIENTS
            }
    return found


def _report_latency(found: dict[str, Any]) -> None:
    _heading()
    for name, title in (("one", "one learner"), ("class", "the whole class")):
        for clients, one in found[name].items():
            print(f"  {title:18}{clients:>4}{_line(one)}")
    p99 = found["one"]["1"]["p99_ms"]
    print(f"  one learner, one client: p99 {p99} ms (target: below {P99_MS}; the paper reports {PAPER_MS})")


def _heading() -> None:
    print(f"\n  {'clients':>22}{'requests':>10}{'a second':>10}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}  statuses")


def _line(one: dict[str, Any]) -> str:
    times = "".join(f"{one[f'p{p}_ms']:10.2f}" for p in (50, 95, 99))
    statuses = ", ".join(f"{status}: {count}" for status, count in one["statuses"].items())
    return f"{one['requests']:10,}{one['a_second']:10.1f}{times}  {statuses}"


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
    found = {clients: {name: _best(several) for name, several in one.items()} for clients, one in runs.items()}
    return {"clients": {clients: one | _ratios(one) for clients, one in found.items()}, "same_forest": same}


def _vectors(site: Path, server: servers.Server, name: str, clients: int, sizes: Sizes) -> dict[str, Any]:
    asks = [(INFER, _body(site, f"{name}-{i}")) for i in range(ROWS)]
    before = server.cpu_seconds
    plan = load.Plan(server.port, asks, clients, sizes.vectors, sizes.seconds / 2, warm=clients * 5)
    found = load.run(plan)
    cpu = (server.cpu_seconds - before) / (found["requests"] + plan.warm)
    return found | {"cpu_ms": round(1000 * cpu, 2)}


def _best(runs: list[dict[str, Any]]) -> dict[str, Any]:
    least = {name: min(one[name] for one in runs) for name in ("p50_ms", "p95_ms", "p99_ms", "cpu_ms")}
    return max(runs, key=lambda one: one["a_second"]) | least | {"runs": [one["a_second"] for one in runs]}


def _ratios(one: dict[str, Any]) -> dict[str, float]:
    ours, theirs = one["ours"], one["theirs"]
    return {
        "times_throughput": round(ours["a_second"] / theirs["a_second"], 2),
        "times_less_cpu": round(theirs["cpu_ms"] / ours["cpu_ms"], 2),
    }


def _same_forest(site: Path, server: servers.Server) -> bool:
    """Whether their probabilities are our scores before calibration."""
    expected = np.load(site / "expected.npz")["score"]
    bodies = [Path(_body(site, f"theirs-{i}")).read_bytes() for i in range(ROWS)]
    found = [json.loads(server.post(INFER, body))["outputs"][0]["data"][1] for body in bodies]
    return bool(np.abs(expected - np.array(found)).max() < SAME)


def _report_kserve(found: dict[str, Any]) -> None:
    print("\n  V2 infer, one row a request, beside KServe's scikit-learn server with the same forest.")
    print("  Ours also calibrates, says its doubt and keeps a durable record of each answer; theirs does none of this.")
    _heading()
    for clients, one in found["clients"].items():
        for name in ("ours", "theirs"):
            print(f"  {name:18}{clients:>4}{_line(one[name])}  CPU {one[name]['cpu_ms']} ms a request")
        print(f"  {clients} clients: {one['times_throughput']} times the throughput (target: {TIMES}),", end=" ")
        print(f"{one['times_less_cpu']} times less CPU; p99 {one['ours']['p99_ms']} ms", end=" ")
        print(f"(target: below {one['theirs']['p99_ms']})")
    print(f"  the forests give the same probabilities: {'yes' if found['same_forest'] else 'NO'}")


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
    kept = {record.request_id for record in read_records(trail)}
    audit = verify(trail)
    return {
        "kills": sizes.kills,
        "acknowledged": len(acknowledged),
        "missing": len(set(acknowledged) - kept),
        "records": len(kept),
        "whole": audit.whole,
        "findings": [str(finding) for finding in audit.findings[:5]],
    }


def _report_kill(found: dict[str, Any]) -> None:
    print(f"\n  kill -9 under load, {found['kills']} times: {found['acknowledged']:,} answers acknowledged,", end=" ")
    print(f"{found['missing']} of them missing from the trail (target: 0)")
    print(f"  the trail is whole: {'yes' if found['whole'] else found['findings']}")


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


def _report_start(found: dict[str, Any]) -> None:
    runs = ", ".join(map(str, found["runs"]))
    print(f"\n  from start to ready: {found['seconds']} s (target: below {START_SECONDS}; every run: {runs}),", end=" ")
    print(f"CPU {found['cpu_seconds']} s")
    print(f"  memory once loaded: {found['resident_mib']} MiB")
    for name, title in (("serving_set", "what serves"), ("training_set", "what trains")):
        size = found[name]
        said = f"{size['mb']:,} MB, {size['packages']} packages" if size else "not measured"
        print(f"  installed dependencies of {title}: {said}")


def _growth(site: Path, run: Path, sizes: Sizes) -> dict[str, Any]:
    """Memory after the first requests and after all: predictions, vectors, and what must be refused."""
    asks = _mixed(site)
    early, all_of_them = sizes.growth
    with servers.ours(site / "bundle", _trail(run, "growth"), run / "growth.log") as server:
        steps = [early] * (all_of_them // early)
        resident, statuses, began = [], Counter[str](), time.monotonic()
        for requests in steps:
            found = load.run(load.Plan(server.port, asks, 8, requests, 600.0))
            resident.append(server.resident_mib)
            statuses.update(found["statuses"])
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


def _report_growth(found: dict[str, Any]) -> None:
    print(f"\n  memory after {found['early']:,} requests {found['resident_mib'][0]} MiB,", end=" ")
    print(f"after {found['requests']:,} {found['resident_mib'][-1]} MiB: {found['growth']:+.1%}", end=" ")
    print(f"(target: below {GROWTH:.0%}); statuses {found['statuses']}, {found['seconds']} s")
