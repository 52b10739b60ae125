"""What the tests of the cluster measure: told at the end and never asserted, since machines are noisy."""

import json
import time
from pathlib import Path


class Figures:
    """Figures by what they say, in the order in which they were measured; `path` keeps them as JSON."""

    def __init__(self, path: Path) -> None:
        self._path, self._figures = path, dict[str, str]()

    def tell(self, title: str, figure: object) -> None:
        self._figures[title] = f"{figure:.3g}" if isinstance(figure, float) else str(figure)
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(json.dumps(self._figures, indent=1))

    def seconds(self, title: str, began: float) -> None:
        """Seconds since `began`, of time.monotonic()."""
        self.tell(title, f"{time.monotonic() - began:.1f} s")

    def lines(self) -> list[str]:
        return [f"{title}: {figure}" for title, figure in self._figures.items()]
