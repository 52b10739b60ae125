"""Time travel: what is noticed of each scenario of a simulated site, when, and by which name; and what of nothing.

A model learns from all rounds of course runs but the newest. The newest is then watched week by week, once for each
scenario, with what was known in each week.

With `--quiet TERMS` nothing happens in any of so many course runs, and it counts false alarms.

With `--retrained` it tells whether training anew helps instead: something happens to the two newest rounds. One model
knows neither, the other has learned from the first of them, after the alarm. Both are measured on the second.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from components.evaluate import evaluate
from components.evaluate.measure import RESAMPLES
from components.evaluate.metrics import interval, measure, resample
from components.extract.simulate import Settings, simulate
from components.extract.simulate.settings import SCENARIOS
from components.features import compute_features
from components.label import known_labels, label_outcomes
from components.monitor.monitor import Period, watch
from components.monitor.weeks import Weeks, read_weeks
from components.train import find_candidates, train
from components.watched import Row
from earlybell.bundle import read_bundle, read_candidate
from earlybell.bundle.figures import Measured
from earlybell.predict import Predictor
from earlybell.tables import BY_NAME
from earlybell.tables.sql import connect, parquet, quoted
from earlybell.tables.store import FACTS, files

_AT = "0.4"  # of the course run, where gates look
EVER = Period(datetime(1990, 1, 1), datetime(2100, 1, 1))


@dataclass(frozen=True)
class Alarm:
    """The first alarm of a figure in a course run: in which week, and in which words."""

    course_id: str
    figure: str
    week: int
    status: str
    sentence: str


def newest(settings: Settings, back: int = 0) -> list[str]:
    """The finished runs of the newest round, or of one so many rounds before."""
    return [f"FMT-{101 + course}-{settings.runs - back:02d}" for course in range(settings.courses)]


def leave_out(tables: Path, out: Path, courses: Iterable[str]) -> None:
    """The tables without those course runs; of tables without a course, those of all."""
    out.mkdir(parents=True)
    connection = connect()
    left_out = ", ".join(map(quoted, courses))
    for name, table in BY_NAME.items():
        paths = files(tables, table)
        if not paths:
            continue
        condition = f"WHERE course_id NOT IN ({left_out})" if "course_id" in table.names else ""
        connection.execute(
            f"COPY (FROM {parquet(paths)} {condition}) TO {quoted(out / f'{name}.parquet')} (FORMAT parquet)"
        )
    (out / FACTS).write_text((tables / FACTS).read_text())


def train_on(tables: Path, without: Iterable[str], folder: Path) -> Path:
    """The sealed bundle of a model that has learned from all course runs of a site but some."""
    candidate = fit_on(tables, without, folder, "xgboost")
    evaluate([candidate], folder / "features", folder / "labels.parquet", folder / "known", folder / "bundle")
    return folder / "bundle"


def fit_on(tables: Path, without: Iterable[str], folder: Path, candidate: str) -> Path:
    """The folder of a candidate that has learned from all course runs of a site but some; its data lie beside it."""
    known, features, labels = folder / "known", folder / "features", folder / "labels.parquet"
    leave_out(tables, known, without)
    compute_features(known, "weekly", features)
    label_outcomes(known, features, labels)
    train(candidate, features, labels, folder / "candidate")
    return folder / "candidate"


def travel(bundle: Path, settings: Settings, folder: Path) -> tuple[Weeks, list[Row]]:
    """The rows of all weeks of the newest round of a site."""
    if not folder.exists():
        simulate(folder, settings)
    weeks = read_weeks(read_bundle(bundle), folder)
    watched = set(newest(settings))
    return weeks, [row for row in watch(weeks, EVER, "1") if row.course_id in watched]


def first_alarms(rows: Iterable[Row]) -> list[Alarm]:
    """Of each course run and figure the first alarm; what only tells the size of another's is none of its own."""
    firsts: dict[tuple[str, str], Alarm] = {}
    for row in sorted(rows, key=lambda row: (row.as_of, row.figure, row.subject)):
        if row.trouble and not row.figure.startswith(("mmd_", "psi_", "wasserstein_")):
            alarm = Alarm(row.course_id, row.figure, row.week, row.status, row.sentence)
            firsts.setdefault((row.course_id, row.figure), alarm)
    return list(firsts.values())


def _learned(settings: Settings, folder: Path) -> Path:
    """The bundle that knows all rounds but the newest of a site where nothing happens, which is simulated as `none`."""
    simulate(folder / "none", replace(settings, scenario="none"))
    return train_on(folder / "none", newest(settings), folder / "model")


def table(settings: Settings, folder: Path, scenarios: Iterable[str]) -> Iterator[str]:
    """A line for each scenario: of how many runs which alarm came first, how many weeks after the onset."""
    bundle = _learned(settings, folder)
    for scenario in scenarios:
        _, rows = travel(bundle, replace(settings, scenario=scenario), folder / scenario)
        alarms = first_alarms(rows)
        yield f"{scenario}: {len({alarm.course_id for alarm in alarms})} of {settings.courses} runs"
        for figure in sorted({alarm.figure for alarm in alarms}):
            own = [alarm for alarm in alarms if alarm.figure == figure]
            weeks = sorted(alarm.week for alarm in own)
            yield f"  {figure}: {len(own)} runs, first in weeks {weeks}; {own[0].sentence}"


def quiet_terms(settings: Settings, folder: Path, terms: int) -> Iterator[str]:
    """In how many course runs an alarm was given though nothing happened, and by which figures.

    Each site has a seed, a model and earlier runs of its own: one after another, until there are so many terms.

    Yields:
        a line for each false alarm, one for each site, and a last one for each figure.
    """
    watched, wrong = 0, 0
    figures: Counter[str] = Counter()
    for seed in count(settings.seed):
        if watched >= terms:
            break
        site = replace(settings, seed=seed, scenario="none")
        with TemporaryDirectory(dir=folder) as temporary:
            place = Path(temporary)
            _, rows = travel(_learned(site, place), site, place / "none")
        alarms = first_alarms(rows)
        yield from (f"  {alarm.course_id}, week {alarm.week}, {alarm.figure}: {alarm.sentence}" for alarm in alarms)
        watched += site.courses
        wrong += len({alarm.course_id for alarm in alarms})
        figures.update(alarm.figure for alarm in alarms)
        yield f"seed {seed}: {wrong} of {watched} terms with a false alarm so far"
    yield from (f"{figure}: {number} terms" for figure, number in figures.most_common())


@dataclass(frozen=True)
class Helped:
    """A figure of the newest round by a model that does not know the scenario, and by one that was trained anew."""

    metric: str
    before: float
    after: float
    difference: Measured


def retrained(settings: Settings, folder: Path, candidate: str) -> list[Helped]:
    """Whether training anew helps: Brier score and AUC at 40% of the newest round.

    Args:
        settings: of a site to whose two newest rounds something happens.
        candidate: the kind of both models, as `xgboost`.
    """
    site, last = folder / "site", newest(settings)
    simulate(site, settings)
    labels = known_labels("outcome", site, _AT)
    old = _risks(fit_on(site, [*newest(settings, 1), *last], folder / "before", candidate), site)
    new = _risks(fit_on(site, last, folder / "after", candidate), site)
    keys = sorted(key for key in old.keys() & new.keys() & labels.keys() if key[0] in last)
    label = np.array([labels[key] for key in keys], dtype=np.int32)
    _, learner = np.unique([key[1] for key in keys], return_inverse=True)
    weights = resample(learner, RESAMPLES, settings.seed)
    before, after = (measure(label, np.array([risk[key] for key in keys]), weights) for risk in (old, new))
    return [
        Helped(name, float(before[name][0]), float(after[name][0]), interval(after[name] - before[name]))
        for name in ("brier", "roc_auc")
    ]


def _risks(candidate: Path, site: Path) -> dict[tuple[str, str, datetime], float]:
    predicted = Predictor(read_candidate(candidate / "final")).predict_tables(site, _AT, most_reasons=0)
    observed = predicted.observed
    keys = zip(observed.course_id.tolist(), observed.learner_id.tolist(), observed.as_of.tolist(), strict=True)
    return dict(zip(keys, predicted.risk.tolist(), strict=True))


def retrained_table(settings: Settings, folder: Path, scenarios: Iterable[str], candidate: str) -> Iterator[str]:
    """A line for each scenario and figure."""
    for scenario in scenarios:
        for row in retrained(replace(settings, scenario=scenario, rounds=2), folder / scenario, candidate):
            low, high = row.difference.low, row.difference.high
            yield f"{scenario}, {row.metric}: {row.before:.3f} -> {row.after:.3f} ({low:+.3f} to {high:+.3f})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (
        ("learners", 4800),
        ("courses", 12),
        ("runs", 4),
        ("weeks", 14),
        ("events", 150),
        ("seed", 11),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="this one alone, or these; else all")
    measured = parser.add_mutually_exclusive_group()
    measured.add_argument("--quiet", type=int, metavar="TERMS", help="count false alarms in so many quiet terms")
    measured.add_argument(
        "--retrained", choices=list(find_candidates()), help="whether training such a model anew helps"
    )
    options = vars(parser.parse_args())
    candidate, terms = options.pop("retrained"), options.pop("quiet")
    scenarios = options.pop("scenario") or list(SCENARIOS)
    if terms is not None and terms < 1:
        parser.error(f"--quiet {terms}: give at least one term")
    settings = Settings(**options, current=False)
    with TemporaryDirectory(prefix="earlybell-") as temporary:
        place = Path(temporary)
        if terms:
            lines = quiet_terms(settings, place, terms)
        elif candidate:
            lines = retrained_table(settings, place, scenarios, candidate)
        else:
            lines = table(settings, place, scenarios)
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()
