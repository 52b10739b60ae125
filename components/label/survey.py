"""The survey of the first paper, Appendix A, and answers to it."""

import csv
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import yaml

from earlybell.errors import SourceError

COLUMNS = ("learner_id", "item", "answer", "answered_at")
ANSWERS = ("1", "2", "3", "4", "5")


def survey_items() -> dict[str, dict[str, str]]:
    """Each dimension's items, their words by their ids (`engagement_3`), in the paper's order."""
    data = yaml.safe_load(Path(__file__).with_name("survey.yaml").read_text(encoding="utf-8"))
    return {
        dimension["id"]: {f"{dimension['id']}_{place}": words for place, words in enumerate(dimension["items"], 1)}
        for dimension in data["dimensions"]
    }


def read_survey_answers(path: Path) -> dict[str, dict[str, float]]:
    """Each learner's mean answer, 1 to 5, in each dimension that they answered, of their latest answer to each item.

    Args:
        path: a CSV of learner_id, item, answer (1 to 5) and answered_at (ISO; UTC where it names no zone).

    Raises:
        SourceError: the file cannot be read, or lacks a column; a line names no learner, an unknown item, an answer
            that is not a whole number from 1 to 5, or no time.
    """
    dimensions = {item: dimension for dimension, items in survey_items().items() for item in items}
    latest: dict[tuple[str, str], tuple[datetime, int]] = {}
    for line, row in _rows(path):
        at = _check(f"{path.name} line {line}", row, dimensions)
        key = row["learner_id"], row["item"]
        if key not in latest or latest[key][0] <= at:
            latest[key] = at, int(row["answer"])
    answers: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for (learner, item), (_, answer) in latest.items():
        answers[learner][dimensions[item]].append(answer)
    return {learner: {name: fmean(found) for name, found in by.items()} for learner, by in answers.items()}


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Each row with the number of its last line; a field that is not there is empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            rows = [(reader.line_num, {name: row.get(name, "").strip() for name in COLUMNS}) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"survey answers cannot be read ({error})", str(path), "Name a CSV file in UTF-8.") from None
    if missing:
        columns = ", ".join(COLUMNS)
        raise SourceError(f"{path.name}: survey answers lack columns", ", ".join(missing), f"Columns are {columns}.")
    return rows


def _check(where: str, row: dict[str, str], dimensions: dict[str, str]) -> datetime:
    """When the row was answered, once all of it is right."""
    if not row["learner_id"]:
        raise SourceError(f"{where}: learner_id is missing", row["learner_id"], "Each answer is a learner's.")
    if row["item"] not in dimensions:
        known = ", ".join(dict.fromkeys(dimensions.values()))
        raise SourceError(
            f"{where}: item is not of the survey", row["item"], f"Items are 1 to 8 of {known}: as navigation_8."
        )
    if row["answer"] not in ANSWERS:
        raise SourceError(f"{where}: answer", row["answer"], "Give 1 (strongly disagree) to 5 (strongly agree).")
    return _time(where, row["answered_at"])


def _time(where: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise SourceError(
            f"{where}: answered_at is no time", text, "Give it as 2026-03-01 or 2026-03-01T10:00."
        ) from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
