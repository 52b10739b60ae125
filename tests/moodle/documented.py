"""The blocks of docs/how-to/moodle-plugin.md, run as they stand there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "moodle-plugin.md"


def block(language: str) -> str:
    """The one block of the page in a language."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    return str(text)


def send_corrections(url: str, token: str, path: Path) -> Any:
    """What Moodle answers to a corrections.json, by the page's program."""
    program = f"{block('python')}\nprint(json.dumps(send({str(path)!r})))\n"
    environment = os.environ | {"MOODLE_URL": url, "MOODLE_TOKEN": token, "no_proxy": "*"}
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
