"""MLflow answers, and only to who has a name and a password."""

import base64
import os
import sys
import urllib.error
import urllib.request

address = os.environ["MLFLOW_TRACKING_URI"].rstrip("/")
user, password = (os.environ[f"MLFLOW_TRACKING_{name}"] for name in ("USERNAME", "PASSWORD"))
basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

SEARCH = "api/2.0/mlflow/registered-models/search?max_results=1"


def status(headers: dict[str, str]) -> int:
    """The status of a search for registered models."""
    request = urllib.request.Request(f"{address}/{SEARCH}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        sys.exit(f"MLflow does not answer at {address}: {error}. Look at mlflow.address.")


with_login, anybody = status({"Authorization": basic}), status({})
if with_login != 200:
    sys.exit(f"MLflow at {address} answers {with_login} to {user}. Look at the Secret earlybell-mlflow.")
if anybody not in (401, 403):
    sys.exit(f"MLflow at {address} answers {anybody} to anybody. Serve it with authentication (--app-name basic-auth).")
print("MLflow answers, and asks who is there.")
