"""Monitoring as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def monitor(
    since: str,
    as_of: str,
    bundle: dsl.Input[dsl.Model],
    tables: dsl.Input[dsl.Dataset],
    figures: dsl.Output[dsl.Dataset],
) -> None:
    """Whether a model in use is still right: a table of figures of each course run, week by week.

    Without a day to begin with: the 31 days before.
    """
    from pathlib import Path

    from components.monitor import monitor as monitor_tables
    from components.monitor import read_period
    from components.reporting import done, errors_reported, warn
    from components.watched import troubles
    from earlybell.counts import counted
    from earlybell.tables.sql import take_at_most

    take_at_most(10**9)  # some course runs at a time are hardly faster with more
    with errors_reported():
        period = read_period(since, as_of)
        rows = monitor_tables(
            Path(bundle.path), Path(tables.path), Path(figures.path), period, bundle.metadata.get("version", "")
        )
        runs = len({row.course_id for row in rows})
        problems = [row for row in troubles(rows) if row.status == "problem"]
        figures.metadata.update(
            {"since": period.since.isoformat(), "as_of": period.now.isoformat(), "runs": runs, "rows": len(rows)}
        )
        for row in problems[:3]:
            warn("monitor", f"{row.course_id}, week {row.week}: {row.sentence}")
        figures_of_runs = f"{counted(len(rows), 'figure')} of {counted(runs, 'course run')}"
        done("monitor", f"{figures_of_runs}; {len(problems)} to act on")
