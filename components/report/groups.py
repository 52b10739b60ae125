"""What an evaluation says of groups by protected attributes, for the report and the model card."""

import re
from functools import cached_property

from msgspec import structs

from components.report.figures import nearest_focus
from components.report.tables import Table, Tables
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


class GroupTables(Tables):
    """Groups of the fairness check: `gender=F`, `gender=F & age=0-35`; `gender`, `gender & age` for differences."""

    @cached_property
    def fairness_cutoff(self) -> float | None:
        return nearest_focus({row.cutoff for row in self._rows if row.group in self._protected})

    @cached_property
    def compared(self) -> dict[str, list[str]]:
        """Groups by the protected attribute that they were told apart by."""
        found: dict[str, list[str]] = {}
        for group in self._protected:
            if "=" in group and not _PAIR.search(group) and group not in self.suppressed:
                found.setdefault(group.partition("=")[0], []).append(group)
        return found

    @cached_property
    def suppressed(self) -> list[str]:
        """Groups of too few learners to be shown, those of one attribute first."""
        found = [group for group in self._protected if self.figure("suppressed", self.fairness_cutoff, group=group)]
        return sorted(found, key=lambda group: bool(_PAIR.search(group)))

    @cached_property
    def suppressed_alone(self) -> list[str]:
        """Those of one attribute."""
        return [group for group in self.suppressed if not _PAIR.search(group)]

    @cached_property
    def difference_tables(self) -> list[Table]:
        """Differences between groups by one attribute, and by two."""
        names = [group for group in self._protected if "=" not in group]
        one, two = ([name for name in names if ("&" in name) == pair] for pair in (False, True))
        tables = (self._difference_table("one attribute", one), self._difference_table("two attributes together", two))
        return [found for found in tables if found]

    @cached_property
    def clear_differences(self) -> list[str]:
        """Each figure that surely differs between groups of one attribute, with the groups that are furthest apart."""
        differences = (
            (name, metric, self.figure(difference, self.fairness_cutoff, group=name))
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
        found: dict[str, list[str]] = {}
        for group in self._protected:
            if _PAIR.search(group) and group not in self.suppressed:
                found.setdefault(_pair(group)[0], []).append(group)
        return [self._group_table(attribute_words(name), groups) for name, groups in found.items()]

    def rates(self, attribute: str, metric: str) -> list[MetricRow]:
        """One figure of each group of an attribute, where it was measured."""
        cutoff = self.fairness_cutoff
        found = (self.figure(metric, cutoff, group=group) for group in self.compared[attribute])
        return [structs.replace(row, group=group_words(row.group)) for row in found if row]

    @cached_property
    def _protected(self) -> list[str]:
        groups = {row.group for row in self._main_rows}
        return sorted(group for group in groups if group.partition("=")[0].split(" & ")[0] in PROTECTED)

    def _furthest(self, attribute: str, metric: str) -> str:
        most, least = (end(self.rates(attribute, metric), key=lambda row: row.value or 0.0) for end in (max, min))
        ends = (f"{row.group} ({as_metric(row.value or 0.0, metric)})" for row in (most, least))
        return f"{attribute_words(attribute)}, {_OF_GROUPS[metric].lower()}: most for {' and least for '.join(ends)}"

    def _difference_table(self, by: str, names: list[str]) -> Table | None:
        cutoff = self.fairness_cutoff
        shown = [name for name in _BETWEEN if any(self.figure(name, cutoff, group=group) for group in names)]
        rows = [(attribute_words(name), *(self._between(metric, cutoff, name) for metric in shown)) for name in names]
        titles = (_BETWEEN[metric] for metric in shown)
        return Table(f"Largest differences between groups by {by}", ("Groups by", *titles), rows) if shown else None

    def _between(self, metric: str, cutoff: float | None, group: str) -> str:
        if metric != "suppressed_groups":
            return self.figures([metric], cutoff, group)[0]
        row = self.figure(metric, cutoff, group=group)
        return count(row.value) if row else "none"

    def _group_table(self, title: str, groups: list[str]) -> Table:
        cutoff = self.fairness_cutoff
        shown = [name for name in _OF_GROUPS if any(self.figure(name, cutoff, group=group) for group in groups)]
        rows = [
            (group_words(group), self.learners(cutoff, group), *self.figures(shown, cutoff, group)) for group in groups
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
    one, two = name.split(between)
    return (
        f"{one.partition('=')[0]} & {between[3:-1]}",
        f"{one.partition('=')[2] or 'not stated'}, {two or 'not stated'}",
    )
