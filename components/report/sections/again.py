"""How the same model is made again."""

import shlex

from components.report.blocks import Bullets, Code, Command, Section
from components.report.figures import CardFigures
from components.report.sections import ReportSection


def card(page: CardFigures) -> Section:
    code, catalogue, seed = page.manifest.code, page.catalogue, page.evaluation.seed
    sources = " ".join(shlex.quote(source) for source in page.data.sources) or "SOURCE"
    return Section(
        "To make it again",
        [
            Bullets(
                [
                    (
                        "Bundle: ",
                        Code(page.digest),
                        " (SHA-256 of its manifest without the time, and through it of every file)",
                    ),
                    (
                        f"Code: version {code.version or 'not recorded'}, digest ",
                        Code(code.digest) if code.digest else "not recorded",
                    ),
                    (f"Features: version {catalogue.version}, digest ", Code(catalogue.hash)),
                    f"Seed: {'not recorded' if seed is None else seed}",
                ]
            ),
            "With the packages that this version of the code locks, run",
            Command(f"earlybell train {' '.join(sources.split())} --out again"),
            (
                "The same code, data, seed, options and pseudonym key (",
                Code("EARLYBELL_PSEUDONYM_KEY"),
                ", which decides who is in which fold) give the same model: compare the digests of ",
                Code("model.onnx"),
                " in the two manifests.",
            ),
        ],
    )


REPORTSECTION = ReportSection("again", card=card, card_order=180)
