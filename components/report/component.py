"""The report as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def report(bundle: dsl.Input[dsl.Model], page: dsl.Output[dsl.HTML]) -> None:
    """What was measured of a sealed bundle, as one HTML file."""
    import json
    from pathlib import Path

    from components.report import write_report
    from components.reporting import errors_reported, progress
    from earlybell.bundle import read_bundle

    with errors_reported():
        evaluation = json.loads((read_bundle(Path(bundle.path)).path / "evaluation.json").read_text())
        write_report(evaluation, Path(page.path))
        progress("report", "pictures and tables of what was measured")
