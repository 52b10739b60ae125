"""What a fitted model says of itself, which lies in its ONNX file; and how it is asked."""

from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime
from msgspec import Struct

from earlybell.errors import BundleError, RequestError
from earlybell.predict.session import open_session
from serving.mlbackend.dataset import Floats, Head

CARD = "earlybell.mlbackend"  # its key in the file


class Card(Struct, frozen=True):
    """
    Attributes:
        head: what rows it takes.
        missing: the columns for which the model is told whether they have a value, by their places.
        state: of the rows that it was fitted to; see `store.ModelFolder.state`.
        rows, learners: how many these were.
        base_rate: the share of label 1 among them.
    """

    head: Head
    missing: tuple[int, ...]
    state: str
    rows: int
    learners: int
    base_rate: float


class Model:
    """A fitted model.

    Raises:
        BundleError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._session = open_session(path, threads=1)
        self.card = _card(self._session, path)

    def risk(self, values: Floats) -> npt.NDArray[np.float64]:
        """The calibrated probability of class 1 (n,), of values (n, columns)."""
        answer = self._session.run(["risk"], {"features": with_missing(values, self.card.missing)})[0]
        return np.asarray(answer, dtype=np.float64)


def with_missing(values: Floats, missing: tuple[int, ...]) -> Floats:
    """The values, and after them 1 where a column has none and 0 where it has one."""
    return np.hstack([values, np.isnan(values[:, list(missing)])]).astype(np.float32)


def check_model(path: Path) -> Model:
    """A model from elsewhere, tried on one row without values.

    Raises:
        RequestError: it is none that this server can ask.
    """
    way_out = "Import what this back end exported."
    try:
        model = Model(path)
        risk = model.risk(np.full((1, len(model.card.head.columns)), np.nan, dtype=np.float32))
    except Exception as error:  # onnxruntime raises its own undocumented classes
        raise RequestError("model", repr(str(error)[:200]), way_out) from None
    if risk.shape != (1,) or not 0 <= risk[0] <= 1:
        raise RequestError("model", f"a risk of {risk.tolist()}", way_out)
    return model


def _card(session: onnxruntime.InferenceSession, path: Path) -> Card:
    text = session.get_modelmeta().custom_metadata_map.get(CARD, "")
    try:
        return msgspec.json.decode(text, type=Card)
    except msgspec.MsgspecError as error:
        raise BundleError(f"no model of this back end: {path}", str(error), "Train again.") from None
