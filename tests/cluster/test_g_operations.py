"""What a site does in the years after, by the documented commands: upgrade, rotate, restore, uninstall; under load."""

import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.apiserver import missing
from tests.cluster.caller import Caller
from tests.cluster.cluster import wait_for
from tests.cluster.documented import commands
from tests.cluster.elsewhere import elsewhere
from tests.cluster.figures import Figures
from tests.cluster.site import PREDICT, TAG, Site, installed, under_way

RATE = 20
SIZE = """psql "$TRAIL" -Atc "SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace" """
RARE = "SELECT learner_id FROM trail_payload WHERE request_id IS NOT NULL GROUP BY 1 ORDER BY count(*) LIMIT 1"


@pytest.fixture(scope="module", autouse=True)
def champion(university: Site) -> Iterator[None]:
    """The stores and the gateway, reached anew; version 1 serves alone, and there is a version 2."""
    with university.reached():
        university.register(2)
        university.champion("1")
        yield


@pytest.fixture(scope="module")
def body(university: Site, asking: Caller) -> str:
    return asking.put("operations.json", university.request_of_one())


def schedule(site: Site) -> str:
    """When the alias job runs: a value that harms nobody."""
    return site.kubectl("get", "cronjob", "earlybell-aliases", "-o", "jsonpath={.spec.schedule}")


def served_by(site: Site) -> tuple[str, str]:
    """How often the model's InferenceService was changed, and its revisions."""
    generation = site.kubectl("get", "inferenceservice", "learner-risk", "-o", "jsonpath={.metadata.generation}")
    return generation, site.kubectl("get", "revisions.serving.knative.dev", "-o", "name")


def test_an_upgrade_of_the_chart_and_its_rollback_touch_no_canary(
    university: Site, asking: Caller, body: str, figures: Figures
) -> None:
    university.release(2, 20)
    university.settled(2, 20)
    before, planned = served_by(university), schedule(university)
    values = yaml.safe_load((university.folder / "site.yaml").read_text())
    changed = university.folder / "upgraded.yaml"
    serving = values["serving"] | {"revision": "next"}
    changed.write_text(yaml.safe_dump(values | {"aliases": {"schedule": "7 7 7 7 *"}, "serving": serving}))
    with asking.asking(**university.load(body=body, rate=RATE, threads=16)) as answers:
        university.do(commands("Upgrade the chart"), VALUES="upgraded.yaml")
        assert schedule(university) == "7 7 7 7 *"
        assert f"earlybell-{TAG}-next" in university.kubectl("get", "servingruntimes", "-o", "name")
        assert served_by(university) == before
        university.do(commands("Take an upgrade back"))
    figures.tell(f"chart upgraded and taken back under {RATE} a second: failed of {len(answers.all)}", len(answers.bad))
    assert not answers.failures
    assert 0.14 < answers.versions["2"] / len(answers.good) < 0.26
    assert (served_by(university), schedule(university)) == (before, planned)
    university.settled(2, 20)
    university.release(2, 0)
    university.champion("1")


def at_pods(site: Site, asking: Caller, body: str, token: str) -> set[int]:
    """What each pod of the model answers to a token."""
    addresses = [f"http://{pod['status']['podIP']}:8080" for pod in site.pods()]
    request = {"host": "pod", "path": PREDICT, "token": token, "body": body, "count": 1}
    return {answer["status"] for address in addresses for answer in asking.ask(address=address, **request).all}


def test_a_token_is_rotated_without_a_refused_request(
    university: Site, asking: Caller, body: str, figures: Figures
) -> None:
    old, began = university.token, time.monotonic()
    with asking.asking(**university.load(body=body, token=old, rate=RATE, threads=16)) as of_old:
        university.do(commands("A caller's token"))
        new = (university.folder / "moodle-new.token").read_text().strip()
        wait_for("every pod to know the new token", 140, lambda: at_pods(university, asking, body, new) == {200})
        figures.seconds("token: from the changed Secret until every pod knows it", began)
    with asking.asking(**university.load(body=body, token=new, rate=RATE, threads=16)) as of_new:
        university.do(commands("A caller's old token"))
        wait_for("every pod to refuse the old token", 140, lambda: at_pods(university, asking, body, old) == {401})
    assert not of_old.failures + of_new.failures
    assert university.token == new != old


def shown(site: Site) -> str:
    """The certificate that the gateway shows."""
    host, port = site.settings["GATEWAY"].split(":")
    return ssl.get_server_certificate((host, int(port)))


def test_a_certificate_is_rotated_without_a_failed_request(
    university: Site, asking: Caller, body: str, figures: Figures
) -> None:
    names = ("-subj", "/CN=example.com", "-addext", "subjectAltName=DNS:*.example.com", "-days", "30")
    make = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "new.key", "-out", "new.crt", *names)
    subprocess.run(make, cwd=university.folder, check=True, capture_output=True)
    new = ssl.PEM_cert_to_DER_cert((university.folder / "new.crt").read_text())
    gateways = {"TLS_NAMESPACE": "kourier-system", "TLS_SECRET": "gateway-tls"}
    with asking.asking(**university.load(body=body, rate=RATE, threads=16)) as answers:
        began = time.monotonic()
        university.do(commands("The certificate"), **gateways)
        wait_for("the new certificate", 80, lambda: ssl.PEM_cert_to_DER_cert(shown(university)) == new)
        figures.seconds("certificate: from the command until the gateway shows it", began)
    figures.tell(f"certificate rotated under {RATE} a second: failed of {len(answers.all)}", len(answers.bad))
    assert not answers.failures
    shutil.copy(university.folder / "new.crt", university.folder / "gateway.crt")
    assert json.loads(university.do(commands("The first prediction")))["model_version"] == "1"


def test_a_password_is_rotated_without_a_failed_request(
    university: Site, asking: Caller, body: str, figures: Figures
) -> None:
    if not shutil.which("psql"):
        missing("psql is not installed (postgresql-client)")
    file = university.folder / "site.yaml"
    site = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump(site | {"serving": site["serving"] | {"revision": "2"}}))
    with university.databases() as databases:
        with asking.asking(**university.load(body=body, rate=RATE, threads=16)) as answers:
            university.do(commands("A password"), **databases)
            university.move("1", f"earlybell-{TAG}-2")
            university.settled("1", 100, f"earlybell-{TAG}-2")
        refused = university.do('psql "$TRAIL" -c "SELECT 1" 2>&1 || true', **databases)
    figures.tell(f"password rotated under {RATE} a second: failed of {len(answers.all)}", len(answers.bad))
    assert not answers.failures
    assert "password authentication failed" in refused


def key_of(site: Site) -> str:
    """The pseudonyms' key, as its Secret holds it."""
    return site.kubectl("get", "secret", "earlybell-pseudonym", "-o", "jsonpath={.data.EARLYBELL_PSEUDONYM_KEY}")


def test_a_site_is_restored_onto_empty_stores_with_its_registry_trail_and_tokens(
    university: Site, figures: Figures, tmp_path: Path
) -> None:
    if not shutil.which("pg_dump"):
        missing("pg_dump is not installed (postgresql-client)")
    university.champion("1")
    university.do('earlybell aliases --namespace "$SITE"')
    before = json.loads(university.do(commands("The first prediction")))
    count = """psql "$TRAIL" -Atc "SELECT count(*) FROM trail_chain" """
    with university.databases() as databases:
        recorded, size = int(university.do(count, **databases)), int(university.do(SIZE, **databases))
        university.do(commands("Back up"), **databases)
        erased = university.do(f'psql "$TRAIL" -Atc "{RARE}"', **databases).strip()
        university.do(commands("Erase a learner"), LEARNER=erased, REASON="after the backup", **databases)
    saved = university.folder / "backup"
    dump = (saved / "trail.dump").stat().st_size
    figures.tell(f"the trail of {recorded} predictions: kB a prediction, indexes included", size / recorded / 1000)
    figures.tell("its dump: kB a prediction", dump / recorded / 1000)
    assert {path.name for path in saved.iterdir()} == {"trail.dump", "mlflow.dump", "tokens.json", "pseudonym.env"}
    university.stores.download(saved / "bucket")
    began = time.monotonic()
    with elsewhere(university, saved, tmp_path) as (restored, databases):
        figures.seconds("from a backup to a model that serves elsewhere", began)
        assert int(restored.do(count, **databases)) >= recorded
        assert "Whole: " in restored.do('earlybell trail verify "$TRAIL" --anchors none', **databases)
        databases["ANCHORS"] = str(university.folder / "erasures")
        assert f"erase {erased} again" in restored.do(
            'earlybell trail verify "$TRAIL" --anchors "$ANCHORS" || true', **databases
        )
        assert key_of(university) == key_of(restored) != ""
        (restored.folder / "moodle.token").write_text(university.token)
        (restored.folder / "bundle").symlink_to(university.folder / "bundle")
        again = json.loads(restored.do(commands("The first prediction")))
        assert again["model_version"] == before["model_version"]
        assert again["predictions"] == before["predictions"]


def test_a_model_goes_on_when_the_chart_is_uninstalled(
    university: Site, asking: Caller, body: str, site: Path, tmp_path: Path
) -> None:
    settings = university.settings | under_way(site)
    with installed(university.stores, "leaving", tmp_path / "leaving", settings) as leaving:
        leaving.release("1", 100)
        leaving.settled("1", 100)
        with asking.asking(**leaving.load(body=body, rate=RATE, threads=16)) as answers:
            leaving.do(commands("Uninstall"))
        assert not answers.failures
        assert "servingruntime" in leaving.kubectl("get", "servingruntimes", "-o", "name")
        secrets = leaving.kubectl("get", "secrets", "-o", "name").split()
        assert {"secret/earlybell-tokens", "secret/earlybell-trail", "secret/earlybell-pseudonym"} <= set(secrets)
        leaked = leaving.token
        leaving.do(commands("A leaked token"))  # a new pod knows of it at once
        gone = {pod["metadata"]["name"] for pod in leaving.pods()}
        leaving.kubectl("delete", "pod", *gone)
        wait_for("a new pod to answer", 240, lambda: asking.ask(**leaving.load(body=body, count=1, timeout=30)).good)
        assert not gone & {pod["metadata"]["name"] for pod in leaving.pods()}
        answers = asking.ask(**leaving.load(body=body, token=leaked, count=1))
        assert [answer["status"] for answer in answers.all] == [401]
        leaving.do(commands("The chart"))
        assert not asking.ask(**leaving.load(body=body, count=20)).failures


def test_a_model_of_the_standard_mode_goes_on_behind_its_gateway(college: Site, asking: Caller) -> None:
    body = asking.put("college.json", college.request_of_one())
    with asking.asking(**college.load(body=body, rate=RATE, threads=16)) as answers:
        college.do(commands("Uninstall"))
        time.sleep(10)  # the gateway's controller would have followed
        college.do(commands("The chart"))
    assert not answers.failures
