"""V2 over gRPC: KServe's own service, behind the same `Access` as HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from grpc import StatusCode
from grpc_interceptor.exceptions import GrpcException, Unimplemented
from kserve import ModelServer
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest, ModelInferResponse
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor
from kserve.protocol.grpc.servicer import InferenceServicer

from serving.runtime import adapter, metrics
from serving.runtime.admission import BUSY, NOT_READY, RefusedError, Work
from serving.runtime.model import LearnerRisk, TooSlowError
from serving.runtime.settings import DENSEST, MODEL_NAME, Limits, Settings, address

_PARTS = 64  # inputs, outputs, parameters of a request: the model has two, four and two
_VALUES = "fp32_contents"  # where the values of an input stand: each of the model's is FP32
_ROUTE = "infer over gRPC"  # as metrics have it


class GrpcServer(adapter.Grpc):
    """On the address it is told, and with the same limits on requests as HTTP."""

    def __init__(self, server: ModelServer, settings: Settings) -> None:
        limits = settings.limits
        place = address(settings.host, settings.grpc_port)
        super().__init__(server, place, receive_bytes=limits.message_bytes, send_bytes=limits.body_bytes)
        self._limits = limits

    def servicer(self, data_plane: Any, extension: Any) -> "_Servicer":
        model: LearnerRisk = data_plane.model_registry.get_model(MODEL_NAME)
        return _Servicer(data_plane, extension, model, self._limits)

    def interceptor(self) -> ExceptionToStatusInterceptor:
        return _ErrorsAsStatus()

    def handlers(self, servicer: "_Servicer") -> dict[str, grpc.RpcMethodHandler]:
        return {"ModelInfer": servicer.infer_handler()}


class _Servicer(InferenceServicer):  # type: ignore[misc]
    """Lets requests in and counts them, as the guard does over HTTP. No caller loads or unloads the model."""

    def __init__(self, data_plane: Any, extension: Any, model: LearnerRisk, limits: Limits) -> None:
        super().__init__(data_plane, extension)
        self._model, self._limits = model, limits
        for outcome in (*map(_outcome, StatusCode), BUSY, NOT_READY):  # from 0, as the guard's
            metrics.REQUESTS.labels(_ROUTE, outcome, model.version)

    def infer_handler(self) -> grpc.RpcMethodHandler:
        """Of ModelInfer: as of a stream, though one message comes, or gRPC would read it before anybody is let in."""
        write = ModelInferResponse.SerializeToString  # what is read stays bytes until there is memory for what it holds
        return grpc.stream_unary_rpc_method_handler(self._infer, None, write)

    async def _infer(self, requests: AsyncIterator[bytes], context: Any) -> Any:
        outcome, reported = _outcome(StatusCode.OK), ""
        try:
            with self._model.access.admitted(_authorization(context)) as work:
                try:
                    return await self._answered(requests, context, work)
                finally:
                    reported = work.outcome
        except asyncio.CancelledError:
            outcome = _outcome(StatusCode.CANCELLED)
            raise
        except (*_CODES, RefusedError) as error:
            code, words = _code(error), _words(error)
            outcome = _outcome(code)
        except Exception as error:
            outcome = _outcome(_code(error))
            raise
        finally:
            metrics.REQUESTS.labels(_ROUTE, reported or outcome, self._model.version).inc()
        raise GrpcException(words, code)  # here, where the error is gone whose frames hold the message

    async def _answered(self, requests: AsyncIterator[bytes], context: Any, work: Work) -> Any:
        request = await self._read(requests, work)
        if not self._model.ready:  # or KServe loads it again
            work.outcome = NOT_READY
            raise ModelNotReady(MODEL_NAME)
        return await super().ModelInfer(request, context)

    async def _read(self, requests: AsyncIterator[bytes], work: Work) -> Any:
        """The one message. Nobody knows its size before: until it is there, it may be of the largest."""
        await work.need(self._limits.message_bytes)
        message = await work.sent(_first(requests))
        await work.need(DENSEST * len(message))
        work.only(DENSEST * len(message))
        return _parsed(message)

    async def RepositoryModelLoad(self, request: Any, context: Any) -> None:  # noqa: N802 (gRPC's name)
        raise Unimplemented("a server serves the one bundle that it was started with")

    RepositoryModelUnload = RepositoryModelLoad


async def _first(requests: AsyncIterator[bytes]) -> bytes:
    async for message in requests:
        return message
    raise InvalidInput("no message: a request has one")


def _parsed(message: bytes) -> Any:
    """Of no more parts, and no other values, than a request may need: KServe makes much of what is two bytes here."""
    try:
        request = ModelInferRequest.FromString(message)
    except DecodeError as error:
        raise InvalidInput(f"message: {error}. It must be a ModelInferRequest.") from None
    tensors = [*request.inputs[:_PARTS], *request.outputs[:_PARTS]]
    parts = {"inputs": request.inputs, "outputs": request.outputs, "raw_input_contents": request.raw_input_contents}
    parameters = [request.parameters, *(tensor.parameters for tensor in tensors)]
    shapes = [tensor.shape for tensor in request.inputs[:_PARTS]]
    counts = {name: len(many) for name, many in parts.items()}
    counts |= {"parameters": max(map(len, parameters)), "shape": max(map(len, shapes), default=0)}
    for name, count in counts.items():
        if count > _PARTS:
            raise InvalidInput(f"{name}: {count:,} of them. At most {_PARTS}.")
    for tensor in request.inputs:
        for field, _ in tensor.contents.ListFields():
            # KServe would make an object of each; without them the tensor is refused as empty.
            if field.name != _VALUES:
                tensor.contents.ClearField(field.name)
    return request


class _ErrorsAsStatus(ExceptionToStatusInterceptor):  # type: ignore[misc]
    """KServe's own writes what was wrong with a request to the log."""

    async def handle_exception(self, ex: Exception, request_or_iterator: Any, context: Any, method_name: str) -> None:
        if isinstance(ex, (*_CODES, RefusedError)):
            await context.abort(_code(ex), _words(ex))
        await super().handle_exception(ex, request_or_iterator, context, method_name)


_CODES = {
    InvalidInput: StatusCode.INVALID_ARGUMENT,
    ModelNotFound: StatusCode.NOT_FOUND,
    ModelNotReady: StatusCode.UNAVAILABLE,
    TooSlowError: StatusCode.DEADLINE_EXCEEDED,
}
_OF_STATUS = {
    401: StatusCode.UNAUTHENTICATED,
    408: StatusCode.CANCELLED,  # no fault of ours, as a deadline would be
    429: StatusCode.RESOURCE_EXHAUSTED,
    503: StatusCode.UNAVAILABLE,
}


def _outcome(code: StatusCode) -> str:
    name: str = code.name
    return name.lower().replace("_", " ")


def _code(error: Exception) -> StatusCode:
    if isinstance(error, RefusedError):
        return _OF_STATUS[error.status]
    by_kind = next((code for kind, code in _CODES.items() if isinstance(error, kind)), StatusCode.INTERNAL)
    code: StatusCode = getattr(error, "status_code", by_kind)
    return code


def _words(error: Exception) -> str:
    return getattr(error, "reason", None) or str(error)


def _authorization(context: Any) -> str | None:
    return next((value for name, value in context.invocation_metadata() or () if name == "authorization"), None)
