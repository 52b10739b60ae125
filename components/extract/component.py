"""Extraction and validation as KFP components."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def extract(
    sources: list,  # type: ignore[type-arg] # KFP knows no list of strings
    max_bad_share: float,
    tables: dsl.Output[dsl.Dataset],
) -> None:
    """Sources into one folder of canonical tables, with pseudonymous ids."""
    from pathlib import Path

    from components.extract import check_share, concerns
    from components.extract import extract as extract_tables
    from components.reporting import done, errors_reported, warn
    from earlybell.tables.pseudonyms import key_from_environment

    with errors_reported():
        check_share(max_bad_share)
        place = Path(tables.path)
        facts = extract_tables(sources, place, key=key_from_environment(), max_bad_share=max_bad_share)
        tables.metadata.update({"digest": facts["digest"], "rows": facts["rows"], "sources": facts["sources"]})
        for concern in concerns(facts, place):
            warn("extract", concern)
        done("extract", f"{sum(facts['rows'].values()):,} rows in {len(facts['rows'])} tables")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def validate(tables: dsl.Input[dsl.Dataset], max_bad_share: float, checked: dsl.Output[dsl.Dataset]) -> None:
    """Canonical tables, checked as a whole; bad rows go to quarantine."""
    from pathlib import Path

    from components.extract import check_share
    from components.extract import validate as validate_tables
    from components.reporting import done, errors_reported

    with errors_reported():
        check_share(max_bad_share)
        facts = validate_tables(Path(tables.path), Path(checked.path), max_bad_share=max_bad_share)
        bad = sum(fault["rows"] for fault in facts["quarantine"])
        checked.metadata.update({"digest": facts["digest"], "rows": facts["rows"], "quarantined": bad})
        done("validate", f"all tables are whole; {bad:,} rows in quarantine")
