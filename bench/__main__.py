"""`python -m bench`: every figure beside what it is compared to, and all of them as JSON."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench import engines, features, measure, scale, serving, training

PARTS = ("features", "engines", "training", "scale", *serving.PARTS)


def main() -> int:
    """Measure, print, and write the figures; 1 where results that must be equal differ, or an answer has no record."""
    options = _options()
    figures = {"machine": measure.machine(), **_measured(options, set(options.only or PARTS))}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\nWrote {options.out}.")
    return 0 if _as_it_must(figures) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the size, once: a check, no measurement")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone, or these; else all")
    parser.add_argument("--out", type=Path, default=Path(".earlybell/bench.json"), help="file to write")
    parser.add_argument("--work", type=Path, default=Path(".earlybell/bench"), help="folder that keeps the sites")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the shortest counts")
    parser.add_argument(
        "--learners",
        type=int,
        action="append",
        help=f"of the sites that `scale` trains on, once or more; else {' and '.join(map(str, scale.SIZES))}",
    )
    parser.add_argument("--source", help="train on this too, as oulad:DIR, beside a plain baseline")
    return parser.parse_args()


def _measured(options: argparse.Namespace, only: set[str]) -> dict[str, Any]:
    """Figures by room, reported as they come; a part that was not asked for is None."""
    figures: dict[str, Any] = dict.fromkeys(("features", "engines", "training", "scale", "serving"))
    part, repeat = (100, 1) if options.quick else (1, options.repeat)
    if "features" in only:
        figures["features"] = features.features(options.work, part, repeat)
        features.report(figures["features"])
    if "engines" in only and not options.quick and (by_engine := engines.engines(options.work)):
        figures["engines"] = by_engine
        engines.report(by_engine)
    if "training" in only and options.source:
        figures["training"] = training.training(options.source, options.work / "training")
        training.report(figures["training"])
    if "scale" in only and not options.quick:
        figures["scale"] = scale.scale(options.work, options.learners or [*scale.SIZES])
        scale.report(figures["scale"])
    if serving_parts := tuple(part for part in serving.PARTS if part in only):
        sizes = serving.QUICK if options.quick else serving.Sizes(repeat=repeat)
        figures["serving"] = serving.serving(options.work, sizes, serving_parts)
        serving.report(figures["serving"])
    return figures


def _as_it_must(figures: dict[str, Any]) -> bool:
    of_features, of_serving = figures["features"], figures["serving"]
    equal = not of_features or not (of_features["equal"]["differing"] or of_features["equal"]["alone"])
    return equal and (not of_serving or serving.agrees(of_serving))


if __name__ == "__main__":
    sys.exit(main())
