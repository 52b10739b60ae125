"""What a real Moodle 4.5.6 answered, told again by a server of a few lines.

`record` writes down what a Moodle answers while it is read; tests/moodle/php/runs.php had filled that one. Names of
people and what they wrote are taken out of it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

from components.extract.moodle_web.client import Client
from tests.fronts import Front, served

ANSWERS = Path(__file__).with_name("answers")
MISSING = {"exception": "dml_missing_record_exception", "errorcode": "invalidrecord", "message": "Can't find it"}
_COMMON = ("wstoken", "moodlewsrestformat", "moodlewssettinglang", "moodlewssettingtimezone")
_PERSONAL = {"fullname", "username", "firstname", "lastname", "userfullname", "useridnumber", "userprivateaccesskey"}
_PERSONAL |= {
    "userpictureurl",
    "siteurl",
    "sitename",
    "description",
    "intro",
    "feedback",
    "plugins",
    "details",
    "configs",
}
_PERSONAL |= {"itemname", "gradeformatted", "rangeformatted", "percentageformatted", "feedbackformat", "locked"}
_PERSONAL |= {
    "summary",
    "advancedfeatures",
    "gradeislocked",
    "gradeisoverridden",
    "weightformatted",
    "courseformatoptions",
}


@dataclass
class Moodle:
    """A server that answers as Moodle did.

    Attributes:
        address: its URL.
        asked: the form of each call.
        next: what it answers before all else, a status and a body each; it takes them from the front.
        changed: bodies in the place of a function's own.
    """

    address: str
    asked: list[dict[str, str]] = field(default_factory=list)
    next: list[tuple[int, bytes, Mapping[str, str]]] = field(default_factory=list)
    changed: dict[str, bytes] = field(default_factory=dict)


def _key(form: Mapping[str, str]) -> str:
    return json.dumps(sorted((name, value) for name, value in form.items() if name not in _COMMON))


@contextmanager
def playing(name: str) -> Iterator[Moodle]:
    """The Moodle of answers/NAME.json."""
    answers: dict[str, object] = json.loads((ANSWERS / f"{name}.json").read_text())
    moodle = Moodle("")

    class Answers(Front):
        def reply(self, body: bytes) -> None:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            moodle.asked.append(form)
            if moodle.next:
                status, content, headers = moodle.next.pop(0)
                return self.answer(status, content, headers)
            content = json.dumps(answers.get(_key(form), MISSING)).encode()
            return self.answer(
                200, moodle.changed.get(form["wsfunction"], content), {"content-type": "application/json"}
            )

    with served(Answers) as moodle.address:
        yield moodle


@contextmanager
def recording(name: str) -> Iterator[None]:
    """Write answers/NAME.json of all that is asked of a Moodle in the block."""
    ask, answers = Client._body, dict[str, object]()

    def write_down(client: Client, function: str, given: Mapping[str, object]) -> bytes:
        from components.extract.moodle_web.client import _flat

        body = ask(client, function, given)  # type: ignore[arg-type] # as it came
        answers[_key(dict(_flat(given)))] = _trimmed(json.loads(body))  # type: ignore[arg-type] # as it came
        return body

    Client._body = write_down  # type: ignore[assignment,method-assign] # for the block
    try:
        yield
    finally:
        Client._body = ask  # type: ignore[method-assign] # as it was
    ANSWERS.mkdir(exist_ok=True)
    lines = (f"{json.dumps(key)}: {json.dumps(answer)}" for key, answer in answers.items())
    (ANSWERS / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _trimmed(value: object) -> object:
    if isinstance(value, dict):
        return {name: _trimmed(item) for name, item in value.items() if name not in _PERSONAL}
    if isinstance(value, list):
        return [_trimmed(item) for item in value]
    if isinstance(value, str) and value.startswith("<a href="):
        return f"{value.partition(chr(62))[0]}>a name</a>"
    return value
