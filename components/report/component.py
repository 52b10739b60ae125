"""The report as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def report(bundle: dsl.Input[dsl.Model], page: dsl.Output[dsl.HTML]) -> None:
    """What was measured of a sealed bundle, as one HTML file."""
    from pathlib import Path

    from components.report import write_report
    from components.reporting import done, errors_reported
    from earlybell.bundle import read_bundle
    from earlybell.gates import read_verdict

    with errors_reported():
        opened = read_bundle(Path(bundle.path))
        write_report(opened.evaluation, Path(page.path), read_verdict(opened.path))
        done("report", "pictures and tables of what was measured")
