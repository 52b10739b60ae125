"""The README's pictures, of the demo: `make pictures` writes them.

They are SVG, so that they are small, need no browser, and follow the reader into the dark as the report does.
"""

import csv
import re
import sys
import textwrap
from html import escape, unescape
from pathlib import Path

import components.evaluate

WIDTH, MARGIN, LINE = 960, 24, 20  # pixels
SHOWN = ("picture-auc", "picture-calibration-1", "picture-groups")  # of the report
_XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'  # HTML needs no such word, SVG in a file does
_COLOURS = re.compile(r"(?ms)^(?::root|@media screen).*?^\}")
_SIMULATED = "The demo's learners are simulated. These figures show how Earlybell works, and nothing of real learners."
_STYLE = """
svg { font-family: system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; }
.page { fill: var(--page); stroke: var(--line); }
.panel { fill: var(--panel); }
.high { fill: var(--mark1); } .medium { fill: var(--mark5); } .low { fill: var(--mark2); }
.bar { fill: var(--mark0); } .rail { fill: var(--line); } .range { stroke: var(--ink); stroke-width: 2; }
.text { fill: var(--ink); font-size: 14px; } .quiet { fill: var(--quiet); font-size: 13px; }
.title { fill: var(--ink); font-size: 20px; font-weight: 600; }
"""


def report_picture(report: str) -> str:
    """The head of a report and some of its pictures, as one SVG; `report` is the HTML of a bundle's report."""
    title = _text(_first(r"<h1>(.*?)</h1>", report))
    trust = _first(r'(?s)class="lead".*?<ul>(.*?)</ul>', report)
    sentences = [_text(item) for item in re.findall(r"(?s)<li>(.*?)</li>", trust)]
    lines = [f"{indent}{line}" for text in sentences for indent, line in _bullet(text)]
    top = 68 + LINE * (len(lines) + 1)
    parts = [_line(MARGIN, 44, title, "title"), *(_line(MARGIN, 76 + LINE * n, line) for n, line in enumerate(lines))]
    parts += [*_placed(report, top + LINE), _line(MARGIN, top, _SIMULATED, "quiet")]
    return _picture(f"The report of the demo: {title}", top + 336, parts)


def list_picture(worklist: list[dict[str, str]]) -> str:
    """A teacher's list as SVG; `worklist` has the rows of a worklist's CSV, of one course run."""
    head = worklist[0]
    heading = f"{head['course_id']}, as of {head['as_of'][:10]}: whom to look at first"
    parts, top = [_line(MARGIN, 44, heading, "title")], 84
    for entry in worklist:
        reasons = textwrap.wrap(entry["reasons"] or "no single reason", 62)
        parts += _entry(entry, reasons, top)
        top += LINE * max(2, len(reasons)) + 10
    closing = "The line in a bar is the range around the risk. A risk is a reason to look and ask, not a verdict."
    return _picture("A teacher's list, of the demo", top + 34, [*parts, _line(MARGIN, top + 12, closing, "quiet")])


def _entry(entry: dict[str, str], reasons: list[str], top: int) -> list[str]:
    risk, low, high = (float(entry[name]) for name in ("risk", "low", "high"))
    left, wide = 190, 120
    ends = (left + wide * low, left + wide * high)
    return [
        _line(MARGIN, top, entry["rank"], "quiet"),
        _line(MARGIN + 26, top, entry["learner_id"][:8]),
        f'<rect class="rail" x="{left}" y="{top - 11}" width="{wide}" height="12" rx="3"/>',
        f'<rect class="bar" x="{left}" y="{top - 11}" width="{wide * risk:.1f}" height="12" rx="3"/>',
        f'<line class="range" x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{top - 5}" y2="{top - 5}"/>',
        _line(left + wide + 14, top, f"{risk:.0%}"),
        f'<circle class="{entry["band"]}" cx="{left + wide + 74}" cy="{top - 5}" r="6"/>',
        _line(left + wide + 88, top, entry["band"]),
        *(_line(450, top + LINE * number, reason) for number, reason in enumerate(reasons)),
    ]


def _placed(report: str, top: int) -> list[str]:
    """The report's pictures beside each other, with the width that each has for a height of 300."""
    parts, left = list[str](), MARGIN
    for name in SHOWN:
        picture = _first(rf'(?s)(<svg viewBox="[^"]*"[^>]*aria-labelledby="{name}-title.*?</svg>)', report)
        wide, tall = map(float, _first(r'viewBox="0 0 ([\d. ]+)"', picture).split())
        width = min(300, round(300 * wide / tall))
        place = f'<svg x="{left}" y="{top}" width="{width}" height="{round(width * tall / wide)}" '
        parts.append(picture.replace("<svg ", place, 1))
        left += width + 6
    return parts


def _bullet(text: str) -> list[tuple[str, str]]:
    lines = textwrap.wrap(text, 120)
    return [("• " if number == 0 else "   ", line) for number, line in enumerate(lines)]


def _line(x: int, y: int, text: str, kind: str = "text") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" xml:space="preserve">{escape(text)}</text>'


def _text(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", "", markup)).split())


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        sys.exit(f"the report has nothing like {pattern}: mend tests/docs/pictures.py")
    return match[1]


def _picture(title: str, height: int, parts: list[str]) -> str:
    css = (Path(components.evaluate.__file__).parent / "report.css").read_text()
    colours = "\n".join(_COLOURS.findall(css)).replace("@media screen and", "@media")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {_XLINK} viewBox="0 0 {WIDTH} {height}" role="img">'
    page = f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>'
    style = f"<style>\n{colours}{_STYLE}</style>"
    return "\n".join([head, f"<title>{escape(title)}</title>", style, page, *parts, "</svg>", ""])


def main(report: Path, worklist: Path, folder: Path) -> None:
    """Write report.svg and list.svg to a folder."""
    with worklist.open(newline="", encoding="utf-8") as file:
        entries = list(csv.DictReader(file))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.svg").write_text(report_picture(report.read_text()))
    (folder / "list.svg").write_text(list_picture(entries))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
