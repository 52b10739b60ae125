"""The first paper's candidate, of its section 3.5, phase 5."""

from typing import Any

from sklearn.ensemble import RandomForestClassifier

from components.train.candidates import SEED, Candidate, Rows


def _fit(rows: Rows, directions: list[int]) -> Any:
    forest = RandomForestClassifier(max_depth=4, random_state=SEED, n_jobs=1)
    return forest.fit(rows.scaled, rows.label, rows.weight)


CANDIDATE = Candidate("forest", "Random forest", "The paper's: 100 trees of depth 4", 4, _fit)
