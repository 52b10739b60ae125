"""`python -m bench`: every figure beside what it is compared to, and all of them as JSON."""

import argparse
import json
import sys
from pathlib import Path

from bench import engines, features, measure, training


def main() -> int:
    """Measure, print, and write the figures; 1 where results that must be equal differ."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the size, once: a check, no measurement")
    parser.add_argument("--out", type=Path, default=Path(".earlybell/bench.json"), help="file to write")
    parser.add_argument("--work", type=Path, default=Path(".earlybell/bench"), help="folder that keeps the sites")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the shortest counts")
    parser.add_argument("--source", help="train on this too, as oulad:DIR, beside a plain baseline")
    options = parser.parse_args()
    part, repeat = (100, 1) if options.quick else (1, options.repeat)
    found = features.features(options.work, part, repeat)
    features.report(found)
    by_engine = None if options.quick else engines.engines(options.work)
    if by_engine:
        engines.report(by_engine)
    trained = training.training(options.source, options.work / "training") if options.source else None
    if trained:
        training.report(trained)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    figures = {"machine": measure.machine(), "features": found, "engines": by_engine, "training": trained}
    options.out.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\nWrote {options.out}.")
    return 1 if found["equal"]["differing"] or found["equal"]["alone"] else 0


if __name__ == "__main__":
    sys.exit(main())
