"""What somebody exports of a Moodle by hand, in a browser's session: the log report and the grade book of a course."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import httpx

_INPUT = re.compile(r"<input\b[^>]*>")
_SELECT = re.compile(r'<select\b[^>]*?name="([^"]*)".*?<option value="([^"]*)"[^>]*selected.*?</select>', re.DOTALL)


@contextmanager
def logged_in(url: str, user: str = "admin", password: str = "Admin.1234") -> Iterator[httpx.Client]:  # noqa: S107
    """A session of somebody who has logged in."""
    with httpx.Client(base_url=url, timeout=300, follow_redirects=True, trust_env=False) as session:
        token = _fields(session.get("/login/index.php").text)["logintoken"]
        answer = session.post("/login/index.php", data={"username": user, "password": password, "logintoken": token})
        assert "/login/index.php" not in str(answer.url), answer.text[:500]
        yield session


def export(session: httpx.Client, course: int, folder: Path) -> None:
    """The files of a course that `moodle-log` reads."""
    folder.mkdir(parents=True)
    chosen = {
        "chooselog": "1",
        "id": str(course),
        "edulevel": "-1",
        "logreader": "logstore_standard",
        "download": "csv",
    }
    log = session.get("/report/log/index.php", params=chosen)
    assert log.headers["content-type"].startswith("text/csv"), log.text[:500]
    (folder / "log.csv").write_bytes(log.content)
    form = session.get("/grade/export/txt/index.php", params={"id": str(course)}).text
    form = form[form.index("/grade/export/txt/export.php") :]
    grades = session.post("/grade/export/txt/export.php", data=_fields(form) | {"display[percentage]": "2"})
    assert grades.headers["content-type"].startswith(("text/csv", "application/download")), grades.text[:500]
    (folder / "grades.csv").write_bytes(grades.content)


def _fields(page: str) -> dict[str, str]:
    """What a form sends if it is left as it is."""
    fields = dict(_SELECT.findall(page))
    for tag in _INPUT.findall(page):
        attributes = {name: unescape(value) for name, value in re.findall(r'([a-z]+)="([^"]*)"', tag)}
        kind = attributes.get("type")
        if "name" in attributes and kind != "submit" and (kind not in ("checkbox", "radio") or "checked" in tag):
            fields[attributes["name"]] = attributes.get("value", "")
    return fields
