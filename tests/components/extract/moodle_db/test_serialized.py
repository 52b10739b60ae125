"""What Moodle wrote into `other`: JSON and PHP's serialize, and what neither may be."""

import pytest

from components.extract.moodle_db.serialized import UnreadableError, Value, loads

READ: dict[str, Value] = {
    "null": None,
    "N;": None,
    '{"a": {"b": [1, 2.5, true, null]}}': {"a": {"b": {"0": 1, "1": 2.5, "2": True, "3": None}}},
    "i:-7;": -7,
    "b:1;": True,
    "d:0.5;": 0.5,
    's:5:"aüb;";': "aüb;",  # a length is of bytes
    'a:2:{s:1:"a";i:1;i:5;a:1:{i:0;s:2:"";";}}': {"a": 1, "5": {"0": '";'}},
    "a:0:{}": {},
}


@pytest.mark.parametrize("text", READ)
def test_plain_data_is_read(text: str) -> None:
    assert loads(text) == READ[text]


REFUSED = [
    "",
    'O:8:"stdClass":0:{}',  # an object, which PHP would make
    'C:3:"Foo":0:{}',
    'a:1:{O:1:"x":0:{}i:1;}',
    "a:1:{a:0:{}i:1;}",  # an array is no key
    's:99:"short";',
    's:1:"ab";',
    's:-1:"";',
    "a:2:{i:0;i:1;}",
    "a:99999999999:{}",
    "i:1;i:2;",
    "i:1",
    "i:x;",
    "a:1:{i:0;" * 50 + "N;" + "}" * 50,
    "[" * 5000,
    '"' + "x" * 200_000 + '"',
]


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_what_moodle_never_writes_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        loads(text)
