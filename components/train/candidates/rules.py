"""A baseline: rules as common plugins have them. The more of them hold, the higher the risk."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from components.train.candidates import SEED, Candidate, Rows

RULES: tuple[tuple[str, Callable[[Any, float], Any], float], ...] = (
    ("days_since_activity", operator.ge, 7.0),
    ("missed_work", operator.ge, 1.0),
    ("mean_score", operator.lt, 50.0),
)


def _fit(rows: Rows, directions: list[int]) -> Any:
    """A forest with a tree a rule; where none can be asked, one tree that gives everybody the base rate."""
    asked = [tree for rule in RULES if (tree := _tree(rows, *rule))] or [_base_rate(rows)]
    forest = RandomForestClassifier(len(asked), max_depth=1, random_state=SEED).fit(rows.scaled, rows.label)
    forest.estimators_ = asked
    return forest


def _tree(rows: Rows, feature: str, holds: Callable[[Any, float], Any], bound: float) -> Any:
    """A tree of one question; None where its rule holds of everybody or nobody who has a value.

    A learner without a value counts as the median of training, as for every candidate.
    """
    at = rows.names.index(feature)
    known = ~np.isnan(rows.values[:, at])
    flag = holds(rows.values[known, at], bound)
    if len(np.unique(flag)) < 2:
        return None
    alone = rows.scaled[known] * (np.arange(len(rows.names)) == at)
    tree = DecisionTreeClassifier(max_depth=1).fit(alone, flag)
    tree.tree_.value[:] = 0.25 + tree.tree_.value / 2  # away from 0 and 1: then log-odds rise evenly with the rules
    return tree


def _base_rate(rows: Rows) -> Any:
    return DecisionTreeClassifier().fit(np.zeros_like(rows.scaled), rows.label, rows.weight)


CANDIDATE = Candidate(
    "rules",
    "Rules",
    "A baseline: how many hold of no activity for a week, work missed, and a mean score below 50",
    1,
    _fit,
    baseline=True,
)
