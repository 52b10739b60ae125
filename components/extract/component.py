"""Extraction as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def extract(
    sources: list,  # type: ignore[type-arg] # KFP knows no list of strings
    max_bad_share: float,
    tables: dsl.Output[dsl.Dataset],
) -> None:
    """Sources into one folder of checked canonical tables, with pseudonymous ids; bad rows go to quarantine."""
    from pathlib import Path

    from components.extract import check_share, concerns
    from components.extract import extract as extract_tables
    from components.reporting import done, errors_reported, warn
    from earlybell.counts import counted
    from earlybell.tables.pseudonyms import key_from_environment

    with errors_reported():
        check_share(max_bad_share)
        place = Path(tables.path)
        facts = extract_tables(sources, place, key=key_from_environment(), max_bad_share=max_bad_share)
        quarantined = sum(fault["rows"] for fault in facts["quarantine"])
        tables.metadata.update({name: facts[name] for name in ("digest", "rows", "sources")})
        tables.metadata["quarantined"] = quarantined
        for concern in concerns(facts, place):
            warn("extract", concern)
        done("extract", f"{counted(sum(facts['rows'].values()), 'row')} in {counted(len(facts['rows']), 'table')}")
