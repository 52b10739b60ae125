"""KServe's server, and the members that it keeps to itself: ours use the public names of this module and no other.

KServe 0.21 has no way to listen on one address, to bound a message before it is read, or to answer in another form
than its own. Where it gains one, a method here goes. `PRIVATE` names what is used; a test looks whether it is there.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from socket import socket
from typing import Any

import uvloop
from fastapi import FastAPI
from grpc import aio
from kserve import InferInput, Model, ModelServer
from kserve.model_server import FASTAPI_APP_IMPORT_STRING
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import add_GRPCInferenceServiceServicer_to_server
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor
from kserve.protocol.grpc.server import GRPCServer
from kserve.protocol.grpc.servicer import InferenceServicer
from kserve.protocol.rest.multiprocess.server import RESTServerMultiProcess, RESTServerProcess
from kserve.protocol.rest.server import RESTServer

PRIVATE: dict[type, tuple[str, ...]] = {
    ModelServer: ("_register_and_check_atleast_one_model_is_ready", "_serve"),
    RESTServer: ("_register_endpoints", "_add_exception_handlers"),
}
PRIVATE_ATTRIBUTES: dict[type, tuple[str, ...]] = {  # that their constructors set
    ModelServer: ("_rest_multiprocess_server", "_grpc_server"),
    RESTServer: ("_server",),
    RESTServerMultiProcess: ("_rest_server", "_processes"),
    RESTServerProcess: ("_process",),
    GRPCServer: ("_server", "_data_plane", "_model_repository_extension"),
    InferInput: ("_raw_data",),
}

_log = logging.getLogger("kserve")


class Rest(RESTServer, ABC):  # type: ignore[misc] # KServe's classes carry no types
    """KServe's routes in an application of ours, on one address."""

    def __init__(self, server: ModelServer, host: str, protocol: type[Any]) -> None:
        """
        Args:
            server: whose ports, workers and grace period it has.
            host: address on which it listens.
            protocol: uvicorn's, for HTTP.
        """
        super().__init__(
            FASTAPI_APP_IMPORT_STRING,
            server.dataplane,
            server.model_repository_extension,
            server.http_port,
            workers=server.workers,
            grace_period=server.grace_period,
        )
        self.config.host, self.config.http, self.config.ws = host, protocol, "none"

    @abstractmethod
    def add_middlewares(self, app: FastAPI) -> None:
        """What stands before every route."""

    @abstractmethod
    def add_routes(self, app: FastAPI) -> None:
        """Routes before KServe's own: the first of two is asked."""

    @abstractmethod
    def add_exception_handlers(self, app: FastAPI) -> None:
        """Handlers in the place of KServe's own."""

    def create_application(self) -> None:
        """KServe's own has answers of a class that FastAPI has given up."""
        app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False)
        self.add_middlewares(app)
        self.add_routes(app)
        self._register_endpoints(app)
        self._add_exception_handlers(app)
        self.add_exception_handlers(app)
        self.config.app = app

    async def start(self) -> None:
        """On a socket made here, as KServe's workers have it: with `::` asyncio would listen to IPv6 alone."""
        self.create_application()
        await self._server.serve(sockets=[self.config.bind_socket()])


class Grpc(GRPCServer, ABC):  # type: ignore[misc]
    """KServe's service for V2 over gRPC, on one address."""

    def __init__(self, server: ModelServer, host_and_port: str, receive_bytes: int, send_bytes: int) -> None:
        """
        Args:
            server: whose data plane and grace period it has.
            host_and_port: address on which it listens.
            receive_bytes, send_bytes: the longest messages.
        """
        super().__init__(server.grpc_port, server.dataplane, server.model_repository_extension, {}, server.grace_period)
        self._address = host_and_port
        self._options = [
            ("grpc.max_receive_message_length", receive_bytes),
            ("grpc.max_send_message_length", send_bytes),
        ]

    @abstractmethod
    def servicer(self, data_plane: Any, extension: Any) -> InferenceServicer:
        """What answers."""

    @abstractmethod
    def interceptor(self) -> ExceptionToStatusInterceptor:
        """What turns errors into a status."""

    @abstractmethod
    def handlers(self, servicer: InferenceServicer) -> dict[str, Any]:
        """Handlers, by the names of methods of the service, in the place of KServe's own."""

    async def start(self, max_workers: int) -> None:
        self._server = aio.server(
            ThreadPoolExecutor(max_workers), interceptors=(self.interceptor(),), options=self._options
        )
        servicer = self.servicer(self._data_plane, self._model_repository_extension)
        add_GRPCInferenceServiceServicer_to_server(servicer, self._server)
        self._server.add_registered_method_handlers("inference.GRPCInferenceService", self.handlers(servicer))
        self._server.add_insecure_port(self._address)
        await self._server.start()
        await self._server.wait_for_termination()


class Workers(RESTServerMultiProcess):  # type: ignore[misc]
    """KServe's ends a worker that does not answer its ping in 5 seconds, and so one that is still loading."""

    def __init__(self, rest: Rest, ended: Callable[[int], None]) -> None:
        """
        Args:
            rest: what each worker process runs.
            ended: told the process id of a worker that has ended.
        """
        super().__init__(FASTAPI_APP_IMPORT_STRING, rest.dataplane, rest.model_repository_extension, 0)
        self._rest_server, self._ended = rest, ended

    async def keep_subprocess_alive(self, sockets: list[socket]) -> None:
        """Start a worker again that has ended; one that hangs is found by the probes of its pod."""
        for i, worker in enumerate(self._processes):
            if worker._process.exitcode is not None and not self.should_exit.is_set():
                _log.error("worker %s ended with exit code %s", worker.pid, worker._process.exitcode)
                self._ended(worker.pid)
                self._processes[i] = RESTServerProcess(sockets, self._rest_server.run)
                self._processes[i].start()


def run(server: ModelServer, models: Sequence[Model], rest: Rest | Workers, grpc: Grpc | None) -> None:
    """Serve models until a signal ends it, over HTTP and, if there is one, gRPC."""
    server._register_and_check_atleast_one_model_is_ready(models)
    server._rest_multiprocess_server = rest if isinstance(rest, Workers) else None  # it is stopped with the server
    server.servers.append(rest.start())
    if grpc is not None:
        server._grpc_server = grpc
        server.servers.append(grpc.start(server.max_threads))
    server.register_signal_handler()
    uvloop.run(server._serve())


def raw_data(tensor: InferInput) -> bytes | memoryview | None:
    """The binary data of an input; None where its values stand in the JSON."""
    data: bytes | memoryview | None = tensor._raw_data
    return data


def set_raw_data(tensor: InferInput, data: bytes | memoryview | None) -> None:
    """Give an input its binary data."""
    tensor._raw_data = data
