"""A whole site by one bundle: its predictions, and the worklist of each course run."""

from components.predict.arrivals import arrivals
from components.predict.predict import predict
from components.predict.unfamiliar import unfamiliar_words

__all__ = ["arrivals", "predict", "unfamiliar_words"]
