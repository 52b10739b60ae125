"""A whole site by one bundle: its predictions, and the worklist of each course run."""

from components.predict.arrivals import arrivals
from components.predict.predict import predict

__all__ = ["arrivals", "predict"]
