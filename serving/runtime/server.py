"""KServe's own server with ours around it: the guard, the metrics of all workers, the OpenAPI document, an address."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent import futures
from socket import AF_INET, AF_INET6, create_server, socket
from typing import Any

import uvloop
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import ORJSONResponse
from grpc import StatusCode, aio
from grpc_interceptor.exceptions import Unavailable, Unimplemented
from kserve import InferRequest, ModelServer
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
from kserve.model_server import FASTAPI_APP_IMPORT_STRING
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import add_GRPCInferenceServiceServicer_to_server
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor
from kserve.protocol.grpc.server import GRPCServer
from kserve.protocol.grpc.servicer import InferenceServicer
from kserve.protocol.rest.multiprocess.server import RESTServerMultiProcess, RESTServerProcess
from kserve.protocol.rest.server import RESTServer

from earlybell.errors import RequestError, SettingError
from serving.runtime import metrics, openapi, vector
from serving.runtime.guard import JSON_LENGTH, Guard
from serving.runtime.mirror import Mirror
from serving.runtime.model import LearnerRisk, TooSlowError
from serving.runtime.settings import MODEL_NAME, Settings

_log = logging.getLogger("kserve")


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then stop accepting, finish what was begun, flush the trail.

    Raises:
        BundleError: the bundle cannot be served.
        TrailError: the audit trail cannot be opened.
        SettingError: the tokens cannot be read.
    """
    model = LearnerRisk(settings)
    try:
        _Server(settings).start([model])
    finally:
        model.close()


class _Server(ModelServer):  # type: ignore[misc] # KServe's classes carry no types
    """KServe listens on every address of the machine; this one on the address it is told."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            http_port=settings.http_port,
            grpc_port=settings.grpc_port,
            workers=settings.workers,
            enable_grpc=settings.grpc_port > 0,
            enable_latency_logging=False,
        )
        self._settings = settings
        self.dataplane = _DataPlane(model_registry=self.registered_models)

    def start(self, models: list[LearnerRisk]) -> None:
        for port in (self._settings.http_port, self._settings.grpc_port):
            _check_free(self._settings.host, port)
        self._register_and_check_atleast_one_model_is_ready(models)
        rest = _RestServer(self, self._settings)
        if self.workers > 1:
            self._rest_multiprocess_server = _Workers(self, rest)
            self.servers.append(self._rest_multiprocess_server.start())
        else:
            self.servers.append(rest.start())
        if self.enable_grpc:
            self._grpc_server = _GrpcServer(self, self._settings)
            self.servers.append(self._grpc_server.start(self.max_threads))
        self.register_signal_handler()
        uvloop.run(self._serve())


def _check_free(host: str, port: int) -> None:
    """Raises:
    SettingError: nobody can listen there.
    """
    family = AF_INET6 if ":" in host else AF_INET
    try:
        create_server((host, port), family=family, dualstack_ipv6=host == "::").close()
    except OSError as error:
        way_out = f"{error.strerror}: name another port, or an address of this machine."
        raise SettingError("cannot listen at", _at(host, port), way_out) from None


def _at(host: str, port: int) -> str:
    """An address as it is written: one of IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _DataPlane(DataPlane):  # type: ignore[misc]
    def decode_inference_request(self, body: bytes, headers: dict[str, str], model_name: str) -> InferRequest:
        try:
            return vector.decoded(body, int(headers[JSON_LENGTH]), model_name)
        except RequestError as error:
            raise InvalidInput(str(error)) from None


class _RestServer(RESTServer):  # type: ignore[misc]
    """KServe's routes behind the guard. Worker processes get a copy of it, and load the model anew."""

    def __init__(self, server: _Server, settings: Settings) -> None:
        super().__init__(
            FASTAPI_APP_IMPORT_STRING,
            server.dataplane,
            server.model_repository_extension,
            settings.http_port,
            workers=settings.workers,
            grace_period=server.grace_period,
        )
        self._settings = settings
        self.config.host = settings.host

    @property
    def _model(self) -> LearnerRisk:
        found: LearnerRisk = self.dataplane.model_registry.get_model(MODEL_NAME)
        return found

    async def start(self) -> None:
        """On a socket made here, as KServe's workers have it: with `::` asyncio would listen to IPv6 alone."""
        self.create_application()
        await self._server.serve(sockets=[self.config.bind_socket()])

    def run(self, sockets: list[socket] | None = None) -> None:
        """In a worker process."""
        model = self._model
        try:
            super().run(sockets)
        finally:
            model.close()

    def _add_middlewares(self, app: FastAPI) -> None:
        settings = self._settings
        logging.getLogger("uvicorn.access").setLevel(logging.WARNING)  # a line a request; the metrics count them
        app.add_middleware(
            Guard,
            tokens=self._model.tokens,
            limits=settings.limits,
            version=self._model.version,
            mirror=Mirror(settings.mirror, settings.mirror_token) if settings.mirror else None,
        )

    def _register_endpoints(self, app: FastAPI) -> None:
        app.add_api_route("/metrics", self._metrics, methods=["GET"])  # the first of two is asked
        super()._register_endpoints(app)
        document = openapi.document(self._model.bundle)
        app.openapi = lambda: document  # type: ignore[method-assign]

    def _add_exception_handlers(self, app: FastAPI) -> None:
        """KServe's own write what was wrong with a request to the log, and FastAPI's have a form of their own."""
        super()._add_exception_handlers(app)
        for kind, status in _STATUS.items():
            app.add_exception_handler(kind, _handler(status))
        app.add_exception_handler(RequestValidationError, _not_valid)
        app.add_exception_handler(Exception, _defect)

    async def _metrics(self) -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


class _Workers(RESTServerMultiProcess):  # type: ignore[misc]
    """KServe's ends a worker that does not answer its ping in 5 seconds, and so one that is still loading."""

    def __init__(self, server: _Server, rest: _RestServer) -> None:
        self.log_config_file, self._rest_server = None, rest
        self._processes: list[RESTServerProcess] = []
        self.should_exit = asyncio.Event()

    async def keep_subprocess_alive(self, sockets: list[socket]) -> None:
        """Start a worker again that has ended; one that hangs is found by the probes of its pod."""
        for i, process in enumerate(self._processes):
            if process._process.exitcode is not None and not self.should_exit.is_set():
                _log.error("worker %s ended with exit code %s", process.pid, process._process.exitcode)
                metrics.forget(process.pid)
                self._processes[i] = RESTServerProcess(sockets, self._rest_server.run)
                self._processes[i].start()


class _GrpcServer(GRPCServer):  # type: ignore[misc]
    """As KServe's, on the address it is told, and with the same limit on the size of a request."""

    def __init__(self, server: _Server, settings: Settings) -> None:
        most = settings.limits.body_bytes
        limits = {"grpc_max_send_message_length": most, "grpc_max_receive_message_length": most}
        super().__init__(
            settings.grpc_port, server.dataplane, server.model_repository_extension, limits, server.grace_period
        )
        self._host = settings.host

    async def start(self, max_workers: int) -> None:
        self._server = aio.server(
            futures.ThreadPoolExecutor(max_workers),
            interceptors=(_ErrorsAsStatus(),),
            options=[(f"grpc.{name.removeprefix('grpc_')}", most) for name, most in self._kwargs.items()],
        )
        servicer = _Servicer(self._data_plane, self._model_repository_extension)
        add_GRPCInferenceServiceServicer_to_server(servicer, self._server)
        self._server.add_insecure_port(_at(self._host, self._port))
        await self._server.start()
        await self._server.wait_for_termination()


class _Servicer(InferenceServicer):  # type: ignore[misc]
    """Counts what is asked, as the guard does over HTTP. No caller loads or unloads the model."""

    async def ModelInfer(self, request: Any, context: Any) -> Any:  # noqa: N802 (gRPC's name)
        code = StatusCode.OK
        try:
            return await super().ModelInfer(request, context)
        except Exception as error:
            code = _code(error)
            raise
        finally:
            version = self._data_plane.model_registry.get_model(MODEL_NAME).version
            metrics.REQUESTS.labels("infer over gRPC", code.name.lower().replace("_", " "), version).inc()

    async def RepositoryModelLoad(self, request: Any, context: Any) -> None:  # noqa: N802 (gRPC's name)
        raise Unimplemented("a server serves the one bundle that it was started with")

    RepositoryModelUnload = RepositoryModelLoad


class _ErrorsAsStatus(ExceptionToStatusInterceptor):  # type: ignore[misc]
    """KServe's own writes what was wrong with a request to the log."""

    async def handle_exception(self, ex: Exception, request_or_iterator: Any, context: Any, method_name: str) -> None:
        if isinstance(ex, tuple(_CODES)):
            await context.abort(_code(ex), getattr(ex, "reason", None) or str(ex))
        await super().handle_exception(ex, request_or_iterator, context, method_name)


_CODES = {
    InvalidInput: StatusCode.INVALID_ARGUMENT,
    ModelNotFound: StatusCode.NOT_FOUND,
    ModelNotReady: StatusCode.UNAVAILABLE,
    TooSlowError: StatusCode.DEADLINE_EXCEEDED,
}


def _code(error: Exception) -> StatusCode:
    known = next((code for kind, code in _CODES.items() if isinstance(error, kind)), StatusCode.INTERNAL)
    found: StatusCode = getattr(error, "status_code", known)
    return found


_STATUS = {InvalidInput: 400, ModelNotFound: 404, ModelNotReady: 503, Unavailable: 503, TooSlowError: 504}


def _handler(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        reason = getattr(error, "details", None) or str(error)
        return ORJSONResponse({"error": reason}, status)

    return answer


async def _not_valid(request: Request, error: Exception) -> Response:
    """FastAPI's own answer to a V2 request that is none, in KServe's form."""
    reason = vector.refusal(error.errors()) if isinstance(error, RequestValidationError) else error
    return ORJSONResponse({"error": str(reason)}, 400)


async def _defect(request: Request, error: Exception) -> Response:
    _log.error("a defect of ours", exc_info=error)
    return ORJSONResponse({"error": f"a defect of ours ({type(error).__name__}); it is in the log"}, 500)
