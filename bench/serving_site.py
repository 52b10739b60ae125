"""What the serving figures are measured with: a small site, a bundle whose model is a forest, and bodies of requests.

Made once, in a process of its own (`bench.jobs serving`), and kept.
"""

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from bench.servers import ROWS
from components.evaluate import evaluate
from components.examples import Examples, read_examples
from components.extract.simulate import parse, simulate
from components.features import compute_features
from components.label import label_outcomes
from components.train import train
from components.train.masking import as_elsewhere
from components.train.train import thinned  # with it the very rows that the bundle's forest is fitted on
from earlybell.bundle import Catalogue, read_bundle
from earlybell.predict import Predictor, open_tables
from earlybell.tables.codec import ByCategories, encode

COURSE_RUNS = 3
FEW_EVENTS = 50  # of the small request

_NAN = float("nan")


def prepare(folder: Path, learners: int, events: int) -> None:
    """Write `bundle`, `forest.npz` (what another server fits the same forest on) and `bodies/*.json` into `folder`.

    Args:
        learners: of one course run, about; the site has three runs, all finished.
        events: of each learner, on average.
    """
    tables, features, labels = folder / "tables", folder / "features", folder / "labels.parquet"
    place = f"learners={learners * COURSE_RUNS},courses=1,runs={COURSE_RUNS},events={events},current=false"
    simulate(tables, parse(place))
    compute_features(tables, "weekly", features)
    label_outcomes(tables, features, labels)
    train("forest", features, labels, folder / "forest")
    evaluate([folder / "forest"], features, labels, tables, folder / "bundle")
    catalogue, examples = read_examples(features, labels)
    _forest(folder, catalogue, examples)
    (folder / "bodies").mkdir()
    _course_bodies(tables, folder / "bodies", events)
    _vector_bodies(folder, examples)
    for i, body in enumerate(_bad(len(catalogue.names))):
        (folder / "bodies" / f"bad-{i}.json").write_bytes(body)


def _forest(folder: Path, catalogue: Catalogue, examples: Examples) -> None:
    kept, weight = thinned(examples, np.arange(len(examples)))
    rows = as_elsewhere(examples, catalogue).where(kept)
    scaled = Predictor(read_bundle(folder / "bundle"), threads=1).score(rows.values)[0]
    np.savez(folder / "forest.npz", scaled=scaled, label=rows.label, weight=weight / weight.mean())


def _course_bodies(tables: Path, out: Path, events: int) -> None:
    """`one`: a learner with about so many events and a course run's whole activity; `class`: all of the run; `few`."""
    connection = open_tables(tables)
    course, ends_at = connection.execute("SELECT course_id, ends_at FROM courses ORDER BY 1 LIMIT 1").fetchone() or ()
    learner = _nearest(connection, course, events)
    as_of = {"as_of": f"{ends_at.isoformat()}Z"}
    single, everybody = (as_of | encode(connection, course, who) for who in (learner, None))
    few = single | {"events": {name: _first(values, FEW_EVENTS) for name, values in single["events"].items()}}
    for name, instance in {"one": single, "class": everybody, "few": few}.items():
        (out / f"{name}.json").write_text(json.dumps({"instances": [instance]}))


def _first(column: list[Any] | ByCategories, rows: int) -> list[Any] | ByCategories:
    if isinstance(column, list):
        return column[:rows]
    return {"categories": column["categories"], "codes": column["codes"][:rows]}


def _nearest(connection: duckdb.DuckDBPyConnection, course: str, events: int) -> str:
    """The learner, enrolled to the end, whose number of events is the nearest."""
    sql = """
        SELECT learner_id FROM events JOIN enrolments USING (course_id, learner_id)
        WHERE course_id = ? AND unenrolled_at IS NULL GROUP BY 1 ORDER BY abs(count(*) - ?), 1 LIMIT 1"""
    return str((connection.execute(sql, [course, events]).fetchone() or ("",))[0])


def _vector_bodies(folder: Path, examples: Examples) -> None:
    """`ours-N`: a raw feature vector as our V2 takes it; `theirs-N`: the same scaled, as a bare forest takes it."""
    chosen = examples.where(np.linspace(0, len(examples) - 1, ROWS).astype(int))
    scaled, score, _ = Predictor(read_bundle(folder / "bundle"), threads=1).score(chosen.values)
    np.savez(folder / "expected.npz", score=score)
    for i, (values, row, days) in enumerate(zip(chosen.values, scaled, chosen.days_seen, strict=True)):
        raw = [None if np.isnan(value) else value for value in values.tolist()]
        ours = {"inputs": [_tensor("features", [1, len(raw)], raw), _tensor("days_seen", [1], [float(days)])]}
        theirs = {"inputs": [_tensor("features", [1, len(raw)], row.tolist())]}
        for name, body in {"ours": ours, "theirs": theirs}.items():
            (folder / "bodies" / f"{name}-{i}.json").write_text(json.dumps(body))


def _tensor(name: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": "FP32", "shape": shape, "data": data}


def _bad(width: int) -> list[bytes]:
    """Bodies that V1 and V2 both refuse."""
    course = {"courses": [{"course_id": "a", "code": "a"}]}
    bodies: list[Any] = [
        {"instances": []},
        {"instances": [course | {"events": [{"learner_id": 7}]}]},
        {"instances": [course | {"nothing": []}]},
        {"inputs": [_tensor("features", [1, width + 1], [0.0] * (width + 1)), _tensor("days_seen", [1], [1.0])]},
        {"inputs": [_tensor("features", [1, width], ["a"] * width), _tensor("days_seen", [1], [1.0])]},
        {"instances": [{"courses": [{"course_id": "a", "code": _NAN}]}]},
    ]
    return [b"not JSON", *(json.dumps(body).encode() for body in bodies)]
