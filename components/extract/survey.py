"""The source `survey:DIR`: answers to the survey of the first paper, Appendix A, as ratings."""

from functools import cache
from pathlib import Path

import yaml

from components.extract.reading import DELIMITERS, Origin, find, folder_of
from components.extract.sifting import read_sifted
from components.extract.staging import Extracted, Relation, Staging
from earlybell.errors import SourceError
from earlybell.tables.schema import Column, Table


def survey_items() -> dict[str, dict[str, str]]:
    """Each dimension's items, their words by their ids (`engagement_3`), in the paper's order."""
    data = yaml.safe_load(Path(__file__).with_name("survey.yaml").read_text(encoding="utf-8"))
    return {
        dimension["id"]: {f"{dimension['id']}_{place}": words for place, words in enumerate(dimension["items"], 1)}
        for dimension in data["dimensions"]
    }


@cache
def _answers() -> Table:
    return Table(
        "answers",
        "answers to the survey",
        (
            Column("course_id", "string", "course run"),
            Column("learner_id", "string", "who answers"),
            Column(
                "item",
                "string",
                "as engagement_3",
                pattern=f"(?:{'|'.join(survey_items())})_[1-8]",
                form=f"engagement_3 (one of {', '.join(survey_items())}, and 1 to 8)",
            ),
            Column("answer", "integer", "1 (strongly disagree) to 5 (strongly agree)", minimum=1, maximum=5),
            Column("answered_at", "timestamp", "when"),
        ),
        key=(),
    )


def read(staging: Staging, source: str, place: str) -> Extracted:
    """Read `answers.csv` (or .csv.gz, .parquet) of the folder `place`: ratings whose indicator is the survey's item.

    A learner's own answer is no teacher's rating: it counts in a rubric label where a site's own rubric.yaml has the
    item as an indicator, and nowhere else. Course runs and learners come from another source.

    Raises:
        SourceError: there is no such file or it cannot be read, or too large a share of its rows is bad.
        SettingError: ids are to be pseudonymous, and there is no usable key.
    """
    folder, table = folder_of(source, place), _answers()
    if not find(folder, table):
        raise SourceError(
            f"{source} has no answers", str(folder), f"Name a folder with answers.csv: {', '.join(table.names)}."
        )
    origin = Origin(source, folder, delimiters=DELIMITERS)
    relations = read_sifted(staging, origin, (table,), learner="learner_id", hashed=True, linked=False)
    answers = relations[table.name]
    ratings = Relation(f"{answers.name}_to_ratings", answers.units)
    staging.sql(
        f"CREATE VIEW {ratings.name} AS SELECT _id, _unit, course_id, masked(learner_id) AS learner_id, "
        f"item AS indicator, answer AS rating, answered_at AS rated_at FROM {answers.name}"
    )
    return Extracted(source, {"ratings": ratings}, pseudonymous=staging.ids == "pseudonymous")
