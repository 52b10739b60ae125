"""The model as KServe sees it: load, predict, explain. `earlybell.predict` answers, and the trail has it first."""

import asyncio
import gc
import math
import queue
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

import msgspec
import numpy as np
from grpc_interceptor.exceptions import Unavailable
from kserve import InferRequest, InferResponse, Model
from kserve.errors import InvalidInput

from earlybell.bundle import Bundle, read_bundle
from earlybell.counts import counted
from earlybell.errors import BundleError, RequestError, TrailError
from earlybell.predict import Band, Explanation, Observed, Prediction, Predictions, Predictor, outside_of
from earlybell.predict.workspace import LARGEST_TOGETHER, Workspace
from earlybell.tables.codec import Instance, decode, decode_all, php_hint, rows_given
from earlybell.tables.correction import SentCorrection, nothing_sent
from earlybell.tables.values import shown
from earlybell.trail import Trail, open_trail
from earlybell.trail.predicted import records_of
from serving.runtime import answers, openapi, vector
from serving.runtime.access import Tokens
from serving.runtime.admission import Access, Place, Turns, Work, current
from serving.runtime.guard import REQUEST_ID, usable_id
from serving.runtime.metrics import BANDS, OUTSIDE, RISK, SECONDS, TOKEN_EXPIRES, TRAIL_JOURNALING, TRAIL_LAG
from serving.runtime.settings import MODEL_NAME, Settings
from serving.runtime.together import Together

THREADS = 2  # predictions of one caller at a time in a process; each has a database of its own
SPARE = 1  # more of them, for other callers
# To wait for the store, by our clock, before it counts as away; more where a class is large. On a node where pods are
# starting a commit was seen to take more than two seconds, and a store that is busy is not away.
TRAIL_SECONDS = 8.0
REASONS = 3  # of a learner, in V1
RUNS = 1_000  # course runs of one request: each is decoded on its own
# A small request is answered where it arrives, which saves the way to a thread and back: a V2 request of so many bytes,
# a V1 request of so many learners and rows. So many of them are answered together.
AT_ONCE, LEARNERS_AT_ONCE, ROWS_AT_ONCE = 16_384, 2, 4096
TOGETHER = 16
# What a learner adds to a request, as bytes of usual JSON need it: a record in the trail, an answer, its attribution.
PREDICTED, INFERRED, EXPLAINED = 1200, 700, 4000
_T = TypeVar("_T")


class TooSlowError(RuntimeError):
    """A request took longer than is allowed."""


class Run:
    """A request that a thread works at, with a workspace of its own meanwhile, until nobody waits for it any longer."""

    def __init__(self) -> None:
        self._workspace: Workspace | None = None
        self._lock = threading.Lock()
        self._stopped, self._using = False, False

    @property
    def workspace(self) -> Workspace:
        if self._workspace is None:
            raise RuntimeError("a workspace is there while one is used")
        return self._workspace

    @contextmanager
    def using(self, workspaces: "queue.LifoQueue[Workspace]") -> Iterator[None]:
        self._workspace, self._using = workspaces.get(), True
        try:
            yield
        finally:
            with self._lock:  # so that whoever uses it next is not interrupted
                self._using = False
            workspaces.put(self._workspace)

    def go_on(self) -> None:
        """Raises:
        TooSlowError: nobody waits for it any longer.
        """
        if self._stopped:
            raise TooSlowError

    def stop(self) -> None:
        """End it: in DuckDB at once, else where it looks whether to go on."""
        with self._lock:
            self._stopped = True
            if self._using:
                self.workspace.interrupt()


@dataclass(frozen=True)
class _Done(Generic[_T]):
    """An answer, what was predicted for it, and when its records are in the trail."""

    answer: _T
    predicted: list[Predictions]
    recorded: Future[None]


class LearnerRisk(Model):  # type: ignore[misc] # KServe's classes carry no types
    """A bundle served: V1 takes a course run's activity, V2 the feature vector. It is picklable, as worker processes
    load it anew.

    Raises:
        BundleError: the bundle is broken, was changed, cannot predict, or is not the one that was released.
        TrailError: the audit trail cannot be opened.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(MODEL_NAME)
        self._settings = settings
        self.load()

    def __reduce__(self) -> tuple[type["LearnerRisk"], tuple[Settings]]:
        return LearnerRisk, (self._settings,)

    def load(self) -> bool:
        """Ready only after a first prediction."""
        self.bundle = _pinned(read_bundle(found_bundle(self._settings.bundle)), self._settings.bundle_digest)
        self.version = self._settings.model_version or self.bundle.version
        self._predictor = Predictor(self.bundle, threads=1)
        self._pool = ThreadPoolExecutor(THREADS + SPARE, "predict")
        self._threads, self._at_once = Turns(THREADS + SPARE, THREADS), Turns(TOGETHER, TOGETHER)
        self._workspaces = queue.LifoQueue[Workspace]()  # the last one used first: its memory is near
        example = decode(openapi.EXAMPLE, "example", datetime.max)
        here, *others = [Workspace(self.bundle, ready) for ready in (LARGEST_TOGETHER + 1, *[1] * (THREADS + SPARE))]
        for workspace in (here, *others):
            self._predictor.predict(workspace.observe(example))
        self._together = Together(here)
        for workspace in others:
            self._workspaces.put(workspace)
        self.tokens = Tokens(self._settings.tokens) if self._settings.tokens else None
        self.access = Access(self.tokens, self._settings.limits)
        self.trail: Trail = open_trail(
            self._settings.trail,
            anchors=self._settings.trail_anchors or None,
            journal=self._settings.trail_journal,
            timeout=TRAIL_SECONDS,
        )
        for band in get_args(Band):  # from 0, as the guard's requests
            BANDS.labels(band, self.version)
        self._closing = threading.Event()
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        gc.collect()
        gc.freeze()  # what is loaded stays: looking through it again and again would delay an answer now and then
        self.ready = True
        return self.ready

    def close(self) -> None:
        """Finish what was begun, and flush the trail."""
        self.ready = False
        self._closing.set()
        self._pool.shutdown(cancel_futures=True)
        self._workspaces = queue.LifoQueue()
        gc.unfreeze()
        if self.tokens:
            self.tokens.close()
        self.trail.close()

    def _watch(self) -> None:
        """Every worker says anew how its trail and the tokens stand: whichever is asked for metrics tells all."""
        expiries: dict[str, float] = {}
        while not self._closing.wait(1):
            TRAIL_LAG.set(self.trail.lag)
            TRAIL_JOURNALING.set(self.trail.journaling)
            if self.tokens:
                self.tokens.refresh()  # here alone: no request waits for a file
                # Of several processes a gauge takes no caller back: for one that is gone nothing expires any more.
                expiries = dict.fromkeys(expiries, math.inf) | self.tokens.expiries()
            for caller, at in expiries.items():
                TOKEN_EXPIRES.labels(caller).set(at)

    def get_input_types(self) -> list[dict[str, Any]]:
        return [msgspec.structs.asdict(tensor) for tensor in vector.inputs(self.bundle.catalogue)]

    def get_output_types(self) -> list[dict[str, Any]]:
        return [msgspec.structs.asdict(tensor) for tensor in vector.outputs()]

    def validate(self, payload: Any) -> Any:
        """Not KServe's own check: `_decoded` tells the way out as well."""
        return payload

    async def predict(
        self, payload: Any, headers: Mapping[str, str] | None = None, response_headers: Any = None
    ) -> answers.Predictions | InferResponse:
        """V1 and V2; the answer is in the trail before it is given."""
        headers = headers or {}
        if isinstance(payload, InferRequest):
            return await self._infer(payload, headers)
        await self._room(_learners(payload), PREDICTED)
        return await self._answered(payload, headers, self._predicted, answers.Predictions, _is_quick(payload))

    async def explain(self, payload: Any, headers: Mapping[str, str] | None = None) -> answers.Explanations:
        """V1: the full attribution of each learner's score, and the smallest change that would move the band."""
        await self._room(_learners(payload), EXPLAINED)
        return await self._answered(payload, headers or {}, self._explained, answers.Explanations, at_once=False)

    async def _answered(
        self,
        payload: Any,
        headers: Mapping[str, str],
        ask: Callable[[Observed, SentCorrection, Run], tuple[Predictions, list[answers.Learner]]],
        kind: Callable[..., _T],
        at_once: bool,
    ) -> _T:
        """An answer of the kind, with what `ask` says of what was observed of each instance, and of its correction."""
        request_id, caller = headers.get(REQUEST_ID, ""), current().caller
        now, most_rows = datetime.now(UTC).replace(tzinfo=None), self._settings.limits.rows

        def done(
            instances: list[Instance], observed: Iterable[Observed], run: Run
        ) -> _Done[list[answers.CourseRun[answers.Learner]]]:
            course_runs, predicted = [], []
            trials = [instance.trial for instance in instances]
            for instance, of_instance in zip(instances, observed, strict=True):
                run.go_on()
                correction = instance.correction.of(self.bundle.digest)
                predictions, learners = ask(of_instance, correction, run)
                predicted.append(predictions)
                course_runs.append(answers.of_instance(instance, learners))
            return _Done(course_runs, predicted, self._append(predicted, request_id, caller, trials))

        def in_thread(run: Run) -> _Done[list[answers.CourseRun[answers.Learner]]]:
            instances = _decoded(payload, now, most_rows, run.go_on)
            return done(instances, (self._observed(instance, run.workspace) for instance in instances), run)

        async def together(run: Run) -> _Done[list[answers.CourseRun[answers.Learner]]]:
            instances = _decoded(payload, now, most_rows, run.go_on)
            with SECONDS.labels("features", self.version).time():
                observed = await self._together.observe(instances)
            return done(instances, observed, run)

        course_runs = await self._recorded(
            await (self._done_at_once(together) if at_once else self._in_thread(in_thread))
        )
        name, catalogue_hash = self.bundle.manifest.name, self.bundle.manifest.catalogue.hash
        return kind(name, self.version, catalogue_hash, request_id, course_runs)

    async def _infer(self, request: InferRequest, headers: Mapping[str, str]) -> InferResponse:
        caller = current().caller
        request_id = usable_id(headers.get(REQUEST_ID) or request.id)  # behind the guard it is there
        await self._room(vector.rows_given(request), INFERRED)

        def work(_: Run) -> _Done[InferResponse]:
            observed = vector.observed(request, self.bundle.catalogue, self._settings.limits.rows)
            predictions = self._scored(observed, 0, nothing_sent(), outlook=False)
            answer = vector.response(request, predictions, self.version, request.id or request_id)
            return _Done(answer, [predictions], self._append([predictions], request_id, caller, [""]))

        async def here(run: Run) -> _Done[InferResponse]:
            return work(run)

        at_once = _is_small(request, headers)
        return await self._recorded(await (self._done_at_once(here) if at_once else self._in_thread(work)))

    async def _room(self, learners: int, each: int) -> None:
        """Wait until there is memory for what is made of so many.

        Raises:
            InvalidInput: there never will be.
            RefusedError: there is none now.
        """
        if (needed := learners * each) > (most := self._settings.limits.body_bytes):
            raise InvalidInput(f"{counted(learners, 'learner')}. At most {most // each:,}: ask for fewer at a time.")
        await current().need(needed)

    async def _done_at_once(self, work: Callable[[Run], Awaitable[_T]]) -> _T:
        """Run here, when it is the caller's turn."""
        async with _in_time(), self._at_once.turn(current().caller):
            await asyncio.sleep(0)  # others may arrive, and clients go away
            with _as_invalid_input():
                return await work(Run())

    async def _in_thread(self, work: Callable[[Run], _T]) -> _T:
        """Run in a thread of ours, when it is the caller's turn. What is not waited for any longer ends soon."""
        run, request, place = Run(), current(), Place(current().caller)
        async with _in_time():
            await self._threads.take(place, 1)
        future = self._begun(run, work, place)
        try:
            await asyncio.wait((future,), timeout=request.left)
            if not future.done():
                raise _too_slow(request)
            with _as_invalid_input():
                return future.result()
        finally:
            run.stop()
            del future  # its error would hold this frame, and with it the request, in a circle

    def _begun(self, run: Run, work: Callable[[Run], _T], place: Place) -> "asyncio.Future[_T]":
        """Work in a thread. Until the thread is done, thread and memory are in use."""
        request = current()

        def in_thread() -> _T:
            run.go_on()
            with run.using(self._workspaces):
                return work(run)

        def done(future: "asyncio.Future[_T]") -> None:
            _look_at(future)
            self._threads.give_back(place, 1)
            request.unused()

        request.used()
        future = asyncio.get_running_loop().run_in_executor(self._pool, in_thread)
        future.add_done_callback(done)
        return future

    def _append(
        self, predicted: Sequence[Predictions], request_id: str, caller: str, trials: Sequence[str]
    ) -> Future[None]:
        """Leave the records of an answer in the trail, each with the trial of its course run; resolves when they are
        there.
        """
        of_answer = {"version": self.version, "request_id": request_id, "caller": caller}
        records = (
            records_of(predictions, self.bundle, trial=trial, **of_answer)
            for predictions, trial in zip(predicted, trials, strict=True)
        )
        return self.trail.append([record for of_run in records for record in of_run])

    async def _recorded(self, done: _Done[_T]) -> _T:
        """The answer, once its records are in the trail, which says so soon. It is given some time of its own, or it
        would be blamed for what took long before.
        """
        there = asyncio.wrap_future(done.recorded)
        there.add_done_callback(_look_at)
        await asyncio.wait((there,), timeout=current().left + TRAIL_SECONDS)  # who goes away takes no record back
        try:
            done.recorded.result(0)
        except (TrailError, TimeoutError) as error:
            raise UnavailableError("the audit trail cannot be written, so nothing is answered") from error
        for predictions in done.predicted:
            self._count(predictions)
        return done.answer

    def _observed(self, instance: Instance, workspace: Workspace) -> Observed:
        with SECONDS.labels("features", self.version).time():
            return workspace.observe(instance)

    def _scored(
        self, observed: Observed, reasons: int, correction: SentCorrection, *, outlook: bool = True
    ) -> Predictions:
        with SECONDS.labels("scoring", self.version).time():
            return self._predictor.predict(observed, reasons, correction.shift, correction.doubt, outlook=outlook)

    def _predicted(
        self, observed: Observed, correction: SentCorrection, _: Run
    ) -> tuple[Predictions, list[Prediction]]:
        predictions = self._scored(observed, REASONS, correction)
        return predictions, predictions.learners()

    def _explained(
        self, observed: Observed, correction: SentCorrection, run: Run
    ) -> tuple[Predictions, list[Explanation]]:
        with SECONDS.labels("scoring", self.version).time():
            predictions, explanations = self._predictor.explain(observed, correction.shift, correction.doubt)
        learners = []
        with SECONDS.labels("explanation", self.version).time():
            for explanation in explanations:
                run.go_on()
                learners.append(explanation)
        return predictions, learners

    def _count(self, predictions: Predictions) -> None:
        names, ranges = self.bundle.catalogue.names, self.bundle.bands.ranges
        for risk in predictions.risk.tolist():
            RISK.labels(self.version).observe(risk)
        for band, count in zip(*np.unique(predictions.band, return_counts=True), strict=True):
            BANDS.labels(str(band), self.version).inc(int(count))
        counts = outside_of(predictions.observed.values, names, ranges).sum(axis=0)
        for i in np.flatnonzero(counts).tolist():
            OUTSIDE.labels(names[i], self.version).inc(int(counts[i]))


def _is_small(request: InferRequest, headers: Mapping[str, str]) -> bool:
    """Whether it takes less to answer than to hand it to a thread: a few rows over HTTP."""
    return not request.from_grpc and int(headers.get("content-length", AT_ONCE)) < AT_ONCE


def _is_quick(payload: Any) -> bool:
    """Whether it is about a learner or two; who is enrolled in nothing takes as long to refuse as anybody."""
    instances = _instances(payload)
    few = max(len(instances), _learners(payload)) <= LEARNERS_AT_ONCE
    return few and sum(map(rows_given, instances)) <= ROWS_AT_ONCE


def _learners(payload: Any) -> int:
    """How many a V1 request is about, as far as it is of the form."""
    well_formed = (instance for instance in _instances(payload) if isinstance(instance, dict))
    return sum(rows_given({"enrolments": instance.get("enrolments")}) for instance in well_formed)


def _instances(payload: Any) -> list[Any]:
    """The instances of a request that is not read yet; none where it has no list of them."""
    instances = payload.get("instances") if isinstance(payload, dict) else None
    return instances if isinstance(instances, list) else []


@contextmanager
def _as_invalid_input() -> Iterator[None]:
    """What is wrong with a request, as KServe calls it."""
    try:
        yield
    except RequestError as error:
        traceback.clear_frames(error.__traceback__)  # they hold the request, which may be large
        raise InvalidInput(str(error)) from None


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Ends what is waited for when the request's time is up."""
    request = current()
    try:
        async with asyncio.timeout(request.left):
            yield
    except TimeoutError:
        raise _too_slow(request) from None


def _too_slow(request: Work) -> TooSlowError:
    return TooSlowError(f"it takes longer than {request.seconds:g} seconds: ask for fewer learners at a time")


def _look_at(future: "asyncio.Future[Any]") -> None:
    """Or asyncio complains that nobody did."""
    _ = future.cancelled() or future.exception()


class UnavailableError(Unavailable):  # of gRPC's interceptor; REST maps it to 503
    """An answer that cannot be given now."""


def found_bundle(path: Path) -> Path:
    """The folder itself if it is a bundle, else the only folder in it: storage initializers differ.

    Raises:
        BundleError: it is neither.
    """
    folders = (
        [path] if (path / "manifest.json").exists() else [manifest.parent for manifest in path.glob("*/manifest.json")]
    )
    if len(folders) != 1:
        raise BundleError("no sealed bundle, or several, in the folder", str(path), "Name the folder of one bundle.")
    return folders[0]


def _pinned(bundle: Bundle, digest: str) -> Bundle:
    """The bundle, if it has the digest that is given: who can write to the store can put another there, as well sealed.

    Raises:
        BundleError: it is another.
    """
    if digest and bundle.digest != digest:
        way_out = f"It must be {digest}: put that bundle back where this one lies, or release another version."
        raise BundleError("the bundle is not the one that was released, by its digest", bundle.digest, way_out)
    return bundle


def _decoded(payload: Any, now: datetime, most_rows: int, go_on: Callable[[], None]) -> list[Instance]:
    """The instances of a V1 request.

    Raises:
        RequestError: it is not of the request's form, or larger than allowed.
    """
    if not isinstance(payload, dict):
        raise RequestError(
            "body", shown(payload), 'It must be JSON (content-type application/json): {"instances": […]}.'
        )
    instances = payload.get("instances")
    if not isinstance(instances, list) or not instances:
        raise RequestError(
            "instances", shown(instances), f"It must be a list with at least one course run.{php_hint(instances)}"
        )
    if (runs := len(instances)) > RUNS:
        raise RequestError("instances", counted(runs, "course run"), f"At most {RUNS:,}: ask for fewer at a time.")
    if unknown := payload.keys() - {"instances"}:
        raise RequestError(min(map(str, unknown)), "a field that is not known", "The only field is instances.")
    if (rows := sum(map(rows_given, instances))) > most_rows:
        raise RequestError(
            "instances", counted(rows, "row"), f"At most {most_rows:,}: ask for fewer learners at a time."
        )
    return decode_all(instances, now, go_on)
