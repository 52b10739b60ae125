"""`python -m bench`: every figure beside what it is compared to, and all of them as JSON."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench import engines, features, measure, serving, training

PARTS = ("features", "engines", "training", *serving.PARTS)


def main() -> int:
    """Measure, print, and write the figures; 1 where results that must be equal differ, or an answer has no record."""
    options = _options()
    found = {"machine": measure.machine(), **_measured(options, set(options.only or PARTS))}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(f"\nWrote {options.out}.")
    return 0 if _as_it_must(found) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the size, once: a check, no measurement")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone, or these; else all")
    parser.add_argument("--out", type=Path, default=Path(".earlybell/bench.json"), help="file to write")
    parser.add_argument("--work", type=Path, default=Path(".earlybell/bench"), help="folder that keeps the sites")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the shortest counts")
    parser.add_argument("--source", help="train on this too, as oulad:DIR, beside a plain baseline")
    return parser.parse_args()


def _measured(options: argparse.Namespace, only: set[str]) -> dict[str, Any]:
    """Figures by room, reported as they come; a part that was not asked for is None."""
    found: dict[str, Any] = dict.fromkeys(("features", "engines", "training", "serving"))
    part, repeat = (100, 1) if options.quick else (1, options.repeat)
    if "features" in only:
        found["features"] = features.features(options.work, part, repeat)
        features.report(found["features"])
    if "engines" in only and not options.quick and (by_engine := engines.engines(options.work)):
        found["engines"] = by_engine
        engines.report(by_engine)
    if "training" in only and options.source:
        found["training"] = training.training(options.source, options.work / "training")
        training.report(found["training"])
    if asked := tuple(one for one in serving.PARTS if one in only):
        sizes = serving.QUICK if options.quick else serving.Sizes(repeat=repeat)
        found["serving"] = serving.serving(options.work, sizes, asked)
        serving.report(found["serving"])
    return found


def _as_it_must(found: dict[str, Any]) -> bool:
    features_found, serving_found = found["features"], found["serving"]
    equal = not features_found or not (features_found["equal"]["differing"] or features_found["equal"]["alone"])
    return equal and (not serving_found or serving.agrees(serving_found))


if __name__ == "__main__":
    sys.exit(main())
