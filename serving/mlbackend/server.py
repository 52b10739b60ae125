"""The back end as a process: its log, its address, its end."""

import logging
import signal
import sys
import time
from typing import TextIO

import msgspec
import uvicorn

from serving.mlbackend.gate import Gate
from serving.mlbackend.routes import Backend
from serving.mlbackend.settings import Settings
from serving.mlbackend.store import Store
from serving.runtime.protocol import Http
from serving.runtime.settings import check_free

GRACE_SECONDS = 25  # to finish what was begun, when it ends; a training is cut off, and its rows are kept

_USUAL = logging.LogRecord("", 0, "", 0, "", (), None).__dict__.keys() | {"message", "color_message", "taskName"}


def serve(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT.

    Raises:
        SettingError: nobody can listen there, or the folder cannot be used.
    """
    check_free(settings.host, settings.port)
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn ends by it, and then raises it again: that is no failure
    _write_log(sys.stderr)
    store = Store(settings.folder)
    try:
        config = uvicorn.Config(
            Gate(Backend(settings, store).app(), settings),
            host=settings.host,
            port=settings.port,
            http=Http,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        uvicorn.Server(config).run()
    finally:
        store.close()


def _write_log(out: TextIO) -> None:
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


class JsonLines(logging.Formatter):
    """A line of JSON for each record: no field of a data set is ever in one."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        line: dict[str, object] = {"time": at, "level": record.levelname.lower(), "message": record.getMessage()}
        line |= {name: value for name, value in record.__dict__.items() if name not in _USUAL}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()
