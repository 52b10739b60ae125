"""The rubric label: 1 (undesirable) where the rubric's score of what comes after a moment is below the threshold."""

from pathlib import Path
from typing import Any

import duckdb

from components.features import feature_sql
from components.features.acts import KINDS
from components.label.folds import fold, write
from components.label.scale import Indicator, Rubric, read_rubric
from components.label.window import windows
from earlybell.counts import counted
from earlybell.errors import TrainingError
from earlybell.predict import open_tables
from earlybell.tables.sql import parquet, quoted

_OF_A_KIND = frozenset(f"{kind}_per_week" for kind in KINDS)


def label_rubric(
    tables: Path,
    features: Path,
    out: Path,
    rubric: Path | None = None,
    *,
    whole_run: bool = False,
    alike: bool = False,
) -> dict[str, Any]:
    """Write `out`, a file like that of `label_outcomes`, for the moments of the folder `features` with enough after.

    The score is the mean of the indicators, from 1 to 5: a teacher's ratings after the moment (their mean) where there
    are any, else derived from the features of what comes after it, until the end of the run or of its last record.
    Nothing before the moment counts, or the model would predict its own inputs; only what was handed in before it is
    not asked again. Learners who leave are scored by what they did until the end.

    Args:
        rubric: a site's own rubric.yaml; ours without it.
        whole_run: score the whole run, what is before the moment too: to measure what that overlap would add.
        alike: labels that are all the same are no error: nothing is to be learned from them.

    Returns:
        How many moments, learners, runs and positive moments were labelled; `unlabelled` moments; the rubric's
        `version` and `threshold`; `unknown_ratings`, how many of each indicator that the rubric has not; `agreement` of
        derived and rated values by indicator, each learner of a run once, from their first moment on: n, exact (share),
        within_one (share), kappa (quadratic weights; null where all values are the same).

    Raises:
        SettingError: the rubric is wrong.
        TrainingError: no moment has a label, or all have the same and may not.
    """
    scale = read_rubric(rubric)
    connection = open_tables(tables)
    moments = features / "features.parquet"
    connection.execute("CREATE TABLE derived (window_id BIGINT, indicator VARCHAR, rating INTEGER)")
    for _ in windows(connection, moments, scale.least_days, whole_run):
        connection.execute(f"INSERT INTO main.derived {_derived(scale)}")
    _rate(connection, scale)
    counts = fold(connection, _labels(scale))
    _check(counts, scale, alike)
    write(connection, out)
    ((count,),) = connection.execute(f"SELECT count(*) FROM {parquet(moments)}").fetchall()
    return counts | {
        "unlabelled": count - counts["moments"],
        "version": scale.version,
        "threshold": scale.threshold,
        "unknown_ratings": _unknown(connection),
        "agreement": _agree(connection),
    }


def _derived(rubric: Rubric) -> str:
    """SELECT of window_id, indicator, rating: the derived indicators of the windows that are open."""
    derived = {name: indicator for name, indicator in rubric.indicators.items() if indicator.feature}
    used = ", ".join(_offered(feature) for feature in sorted({indicator.feature for indicator in derived.values()}))
    names = ", ".join(map(quoted, derived))
    ratings = ", ".join(_rating(indicator) for indicator in derived.values())
    return f"""
        SELECT * FROM (
            SELECT moment_id AS window_id, unnest([{names}]) AS indicator, unnest([{ratings}]) AS rating
            FROM (SELECT moment_id, {used} FROM moments JOIN ({feature_sql()}) USING (moment_id)))
        WHERE rating IS NOT NULL"""


def _offered(feature: str) -> str:
    """Activity of a kind has no value where nine in ten learners of the run have none: it offers hardly any."""
    if feature not in _OF_A_KIND:
        return feature
    return f"if(quantile_disc({feature}, 0.9) OVER (PARTITION BY course_id) > 0, {feature}, NULL) AS {feature}"


def _rating(indicator: Indicator) -> str:
    sign = ">=" if indicator.cuts[0] < indicator.cuts[-1] else "<="
    return " + ".join(["1", *(f"({indicator.feature} {sign} {cut!r})::INTEGER" for cut in indicator.cuts)])


def _rate(connection: duckdb.DuckDBPyConnection, rubric: Rubric) -> None:
    """Create the table `rated` (window_id, indicator, rating): the mean of a teacher's ratings in each window."""
    connection.execute("CREATE TABLE names (called VARCHAR, name VARCHAR)")
    connection.executemany("INSERT INTO names VALUES (?, ?)", list(rubric.names.items()))
    connection.execute("""
        CREATE TABLE rated AS
        SELECT window_id, name AS indicator, avg(rating) AS rating
        FROM (SELECT DISTINCT window_id, course_id, learner_id, cut FROM windows)
        JOIN ratings r USING (course_id, learner_id) JOIN names ON called = r.indicator
        WHERE rated_at >= cut
        GROUP BY ALL""")


def _labels(rubric: Rubric) -> str:
    return f"""
        WITH scores AS (
            SELECT window_id, avg(coalesce(rated.rating, derived.rating)) AS score
            FROM derived FULL JOIN rated USING (window_id, indicator)
            GROUP BY window_id HAVING count(*) >= {rubric.least_indicators})
        SELECT moment_id, course_id, learner_id, as_of, (score < {rubric.threshold})::INTEGER AS label
        FROM windows JOIN scores USING (window_id)"""


def _agree(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, float | None]]:
    """By indicator. Kappa with quadratic weights is 1 less the squared differences over those expected by chance."""
    rows = connection.execute("""
        WITH first AS (SELECT min_by(window_id, as_of) AS window_id FROM windows GROUP BY course_id, learner_id),
        pairs AS (SELECT indicator, d.rating AS derived, round(r.rating) AS rated
                  FROM derived d JOIN rated r USING (window_id, indicator) JOIN first USING (window_id))
        SELECT indicator, count(*), avg((derived = rated)::INTEGER), avg((abs(derived - rated) <= 1)::INTEGER),
            1 - avg((derived - rated) ** 2)
                / nullif(var_pop(derived) + var_pop(rated) + (avg(derived) - avg(rated)) ** 2, 0)
        FROM pairs GROUP BY indicator ORDER BY indicator""").fetchall()
    return {name: dict(zip(("n", "exact", "within_one", "kappa"), row, strict=True)) for name, *row in rows}


def _unknown(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    rows = connection.execute("""
        SELECT indicator, count(*) FROM ratings ANTI JOIN names ON called = indicator GROUP BY ALL ORDER BY ALL""")
    return dict(rows.fetchall())


def _check(counts: dict[str, int], rubric: Rubric, alike: bool) -> None:
    if not counts["moments"]:
        raise TrainingError(
            "no moment has a rubric label",
            "0 of the moments",
            f"It needs {rubric.least_days:g} days of the run after it, with {rubric.least_indicators} indicators.",
        )
    if counts["positive"] in (0, counts["moments"]) and not alike:
        raise TrainingError(
            "all moments have the same rubric label",
            f"{counted(counts['moments'], 'moment')}, label {counts['positive'] and 1}",
            f"Set another threshold than {rubric.threshold:g}, or other cut points, in a rubric.yaml of your own.",
        )
