"""What an evaluation says of groups of learners by protected attributes."""

import re
from functools import cached_property

from msgspec import structs

from components.report.blocks import Table
from components.report.figures import Figures, nearest_focus
from components.report.words import as_metric, count
from earlybell.bundle.figures import MetricRow
from earlybell.tables import BY_NAME

PROTECTED = {column.name: column.meaning for column in BY_NAME["learners"].columns if column.name != "learner_id"}

_PAIR = re.compile(f" & (?:{'|'.join(PROTECTED)})=")  # in the name of a group by two attributes
_OF_GROUPS = {  # columns of the groups of an attribute
    "base_rate": "Base rate",
    "selection_rate": "Flagged",
    "true_positive_rate": "Found",
    "false_positive_rate": "False alarms",
    "calibration_gap": "Risk less truth",
    "roc_auc": "AUC",
}
_BETWEEN = {  # columns of the differences between groups
    "selection_rate_difference": "Flagged",
    "true_positive_rate_difference": "Found",
    "false_positive_rate_difference": "False alarms",
    "calibration_difference": "Risk less truth",
    "proxy_auc": "Told apart",
    "suppressed_groups": "Groups not shown",
}


_DIFFERENCE_OF = {  # the figure of a group that each difference compares
    "selection_rate_difference": "selection_rate",
    "true_positive_rate_difference": "true_positive_rate",
    "false_positive_rate_difference": "false_positive_rate",
    "calibration_difference": "calibration_gap",
}


class Groups:
    """Groups of the fairness check: `gender=F`, `gender=F & age=0-35`; `gender`, `gender & age` for differences."""

    def __init__(self, page: Figures) -> None:
        self._page = page

    @cached_property
    def cutoff(self) -> float | None:
        return nearest_focus({row.cutoff for row in self._page.rows if row.group in self._protected})

    @cached_property
    def compared(self) -> dict[str, list[str]]:
        """Groups by the protected attribute that they were told apart by."""
        by_attribute: dict[str, list[str]] = {}
        for group in self._protected:
            if "=" in group and not _PAIR.search(group) and group not in self.suppressed:
                by_attribute.setdefault(group.partition("=")[0], []).append(group)
        return by_attribute

    @cached_property
    def suppressed(self) -> list[str]:
        """Groups of too few learners to be shown, those of one attribute first."""
        groups = [group for group in self._protected if self._page.figure("suppressed", self.cutoff, group=group)]
        return sorted(groups, key=lambda group: bool(_PAIR.search(group)))

    @cached_property
    def suppressed_alone(self) -> list[str]:
        """Those of one attribute."""
        return [group for group in self.suppressed if not _PAIR.search(group)]

    @cached_property
    def difference_tables(self) -> list[Table]:
        """Differences between groups by one attribute, and by two."""
        names = [group for group in self._protected if "=" not in group]
        alone, pairs = ([name for name in names if ("&" in name) == pair] for pair in (False, True))
        tables = (
            self._difference_table("one attribute", alone),
            self._difference_table("two attributes together", pairs),
        )
        return [table for table in tables if table]

    @cached_property
    def clear_differences(self) -> list[str]:
        """Each figure that surely differs between groups of one attribute, with the groups that are furthest apart."""
        differences = (
            (name, metric, self._page.figure(difference, self.cutoff, group=name))
            for name in self.compared
            for difference, metric in _DIFFERENCE_OF.items()
        )
        return [self._furthest(name, metric) for name, metric, row in differences if row and row.low]

    @cached_property
    def group_tables(self) -> list[Table]:
        """The groups of each attribute side by side."""
        return [self._group_table(attribute_words(name), groups) for name, groups in self.compared.items()]

    @cached_property
    def pair_tables(self) -> list[Table]:
        """The groups by each two attributes side by side."""
        by_pair: dict[str, list[str]] = {}
        for group in self._protected:
            if _PAIR.search(group) and group not in self.suppressed:
                by_pair.setdefault(_pair(group)[0], []).append(group)
        return [self._group_table(attribute_words(name), groups) for name, groups in by_pair.items()]

    def rates(self, attribute: str, metric: str) -> list[MetricRow]:
        """One figure of each group of an attribute, where it was measured."""
        cutoff = self.cutoff
        rows = (self._page.figure(metric, cutoff, group=group) for group in self.compared[attribute])
        return [structs.replace(row, group=group_words(row.group)) for row in rows if row]

    @cached_property
    def _protected(self) -> list[str]:
        groups = {row.group for row in self._page.main_rows}
        return sorted(group for group in groups if group.partition("=")[0].split(" & ")[0] in PROTECTED)

    def _furthest(self, attribute: str, metric: str) -> str:
        most, least = (end(self.rates(attribute, metric), key=lambda row: row.value or 0.0) for end in (max, min))
        ends = (f"{row.group} ({as_metric(row.value or 0.0, metric)})" for row in (most, least))
        return f"{attribute_words(attribute)}, {_OF_GROUPS[metric].lower()}: most for {' and least for '.join(ends)}"

    def _difference_table(self, by: str, names: list[str]) -> Table | None:
        cutoff = self.cutoff
        shown = [name for name in _BETWEEN if any(self._page.figure(name, cutoff, group=group) for group in names)]
        rows = [(attribute_words(name), *(self._between(metric, cutoff, name) for metric in shown)) for name in names]
        titles = (_BETWEEN[metric] for metric in shown)
        return Table(f"Largest differences between groups by {by}", ("Groups by", *titles), rows) if shown else None

    def _between(self, metric: str, cutoff: float | None, group: str) -> str:
        if metric != "suppressed_groups":
            return self._page.figures([metric], cutoff, group)[0]
        row = self._page.figure(metric, cutoff, group=group)
        return count(row.value) if row else "none"

    def _group_table(self, title: str, groups: list[str]) -> Table:
        cutoff = self.cutoff
        shown = [name for name in _OF_GROUPS if any(self._page.figure(name, cutoff, group=group) for group in groups)]
        rows = [
            (group_words(group), self._page.learners(cutoff, group), *self._page.figures(shown, cutoff, group))
            for group in groups
        ]
        return Table(f"Groups by {title.lower()}", (title, "Learners", *(_OF_GROUPS[name] for name in shown)), rows)


def attribute_words(name: str) -> str:
    """`gender & age` as a title."""
    return name.replace(" & ", " and ").capitalize()


def group_words(name: str) -> str:
    """The values of the attributes: what stands behind `gender=`, and behind `age=` in a pair."""
    return _pair(name)[1] if _PAIR.search(name) else name.partition("=")[2] or "not stated"


def _pair(name: str) -> tuple[str, str]:
    """`gender=F & age=0-35` as its attributes, `gender & age`, and its values, `F, 0-35`."""
    (between,) = _PAIR.findall(name)
    first, second = name.split(between)
    return (
        f"{first.partition('=')[0]} & {between[3:-1]}",
        f"{first.partition('=')[2] or 'not stated'}, {second or 'not stated'}",
    )
