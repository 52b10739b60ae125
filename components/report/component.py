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


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def monitoring_report(figures: dsl.Input[dsl.Dataset], page: dsl.Output[dsl.HTML]) -> None:
    """What was watched of a model in use, as one HTML file for a programme director."""
    from datetime import datetime
    from pathlib import Path

    from components.report.monitoring import write_monitoring
    from components.reporting import done, errors_reported
    from components.watched import read_rows

    with errors_reported():
        since, until = (datetime.fromisoformat(figures.metadata[name]) for name in ("since", "as_of"))
        rows = read_rows(Path(figures.path))
        write_monitoring(rows, Path(page.path), since, until)
        done("monitoring_report", f"{len(rows):,} figures in words")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def proposal_report(proposal: dsl.Input[dsl.Artifact], page: dsl.Output[dsl.HTML]) -> None:
    """What a retraining proposes, as one HTML file for who approves it."""
    from pathlib import Path

    from components.report.proposal import write_proposal
    from components.reporting import done, errors_reported
    from components.retraining import Proposal
    from earlybell.bundle.json_files import read_json

    with errors_reported():
        proposed = read_json(Path(proposal.path), Proposal)
        write_proposal(proposed, Path(page.path))
        done("proposal_report", proposed.sentence)
