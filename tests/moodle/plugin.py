"""Moodle's plugin as the tests run it without a Moodle: its classes that need none, by PHP's command line."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "moodle" / "local_earlybell"
SCRIPTS = Path(__file__).with_name("php")
KEY = "0123456789abcdef"
COURSE = {
    "course_id": "12",
    "code": "MATH1",
    "starts_at": 1768000000,
    "ends_at": None,
    "granularity": "raw",
    "timezone": "Asia/Muscat",
    "weekend": "fri,sat",
}
ROWS: dict[str, list[dict[str, object]]] = {
    "enrolments": [
        {"userid": 7, "enrolled_at": 1767900000, "unenrolled_at": None, "prior_attempts": 1},
        {"userid": 8, "enrolled_at": 1767900001, "unenrolled_at": None, "prior_attempts": None},
    ],
    "events": [
        {
            "userid": 7,
            "occurred_at": 1768100000,
            "component": "mod_page",
            "action": "viewed",
            "target": "course_module",
            "object_id": 4,
            "count": 1,
        },
        {
            "userid": 8,
            "occurred_at": 1768200000,
            "component": "core",
            "action": "viewed",
            "target": "course",
            "object_id": None,
            "count": 1,
        },
    ],
    "assessments": [
        {
            "assessment_id": "quiz-3",
            "kind": "quiz",
            "role": "none",
            "due_at": 1768700000,
            "weight": 0.25,
            "max_score": 10.0,
        },
        {
            "assessment_id": "assign-3",
            "kind": "assign",
            "role": "none",
            "due_at": None,
            "weight": None,
            "max_score": 50.0,
        },
    ],
    "extensions": [{"assessment_id": "quiz-3", "userid": 8, "due_at": 1768800000, "granted_at": 1768000000}],
    "submissions": [
        {
            "assessment_id": "quiz-3",
            "userid": 7,
            "submitted_at": 1768600000,
            "graded_at": 1768600000,
            "attempt": 1,
            "score": 7.0,
            "duration_s": 300,
        },
        {
            "assessment_id": "assign-3",
            "userid": 8,
            "submitted_at": 1768600000,
            "graded_at": None,
            "attempt": 1,
            "score": None,
            "duration_s": None,
        },
    ],
    "breaks": [{"starts_at": 1769000000, "ends_at": 1769500000}],
}
AS_OF = 1769600000


def need_php() -> None:
    """Skips where PHP is not installed; in CI it must be."""
    if not shutil.which("php") and not os.environ.get("EARLYBELL_CI"):
        pytest.skip("PHP is not installed (Debian: php-cli and php-curl)")


def run_php(script: str, given: object, *arguments: str) -> str:
    """What a script of php/ prints, of a value that it reads as JSON.

    Raises:
        AssertionError: it fails, or says anything beside.
    """
    need_php()
    ran = subprocess.run(
        ["php", "-d", "display_errors=stderr", str(SCRIPTS / script), *arguments],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"no_proxy": "*"},
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr or ran.stdout
    return ran.stdout


def body(**changes: object) -> str:
    """The body of the plugin's request about a class of two."""
    return run_php("body.php", {"key": KEY, "course": COURSE, "rows": ROWS, "as_of": AS_OF} | changes)


def ask(address: str, token: str, *asked: tuple[str, str], seconds: float = 30) -> list[dict[str, Any]]:
    """What the plugin's client makes of the answers: `answer`, or `failure`, `message` and `retryafter`."""
    if not Path("/usr/share/php/GuzzleHttp/autoload.php").is_file() and not os.environ.get("EARLYBELL_CI"):
        pytest.skip("Guzzle is not installed (Debian: php-guzzlehttp-guzzle)")
    made: list[dict[str, Any]] = json.loads(run_php("ask.php", asked, address, token, str(seconds)))
    return made
