"""`python -m bench.forest_server FILE PORT`: KServe's scikit-learn server in the lines that its documentation gives.

It does not write a line a request to the log, as ours does not. Where KServe's own loads a pickled model, it fits the
same forest before it is ready.
"""

import logging
import sys

import numpy as np
from kserve import Model, ModelServer
from kserve.utils.utils import get_predict_input, get_predict_response
from sklearn.ensemble import RandomForestClassifier


class Forest(Model):
    """The paper's forest."""

    def __init__(self, examples: str) -> None:
        super().__init__("learner-risk")
        data = np.load(examples)
        self._model = RandomForestClassifier(n_estimators=100, max_depth=4, random_state=42)
        self._model.fit(data["scaled"], data["label"], data["weight"])
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):  # noqa: ANN001, ANN201 (as documented)
        """Probabilities of both labels, for each row."""
        return get_predict_response(payload, self._model.predict_proba(get_predict_input(payload)), self.name)


if __name__ == "__main__":
    server = ModelServer(http_port=int(sys.argv[2]), enable_grpc=False, enable_latency_logging=False)
    for name in ("kserve.trace", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
    server.start([Forest(sys.argv[1])])
