"""The report as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def report(bundle: dsl.Input[dsl.Model], page: dsl.Output[dsl.HTML]) -> None:
    """What was measured of a sealed bundle, as one HTML file."""
    from pathlib import Path

    from components.report import write_report
    from components.reporting import errors_reported, progress
    from earlybell.bundle import read_bundle

    with errors_reported():
        write_report(read_bundle(Path(bundle.path)).evaluation, Path(page.path))
        progress("report", "pictures and tables of what was measured")
