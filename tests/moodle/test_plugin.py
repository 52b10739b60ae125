"""Moodle's plugin without a Moodle: its syntax, its pseudonyms, its request, and its archive."""

import json
import re
import shutil
import subprocess
import zipfile
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from jsonschema import Draft202012Validator

from components.extract.moodle_db.structure import COURSES, PLUGIN_SETTINGS, SETTINGS, SITE, MoodleTable
from components.features import find_catalogue
from earlybell.predict import CourseCorrection
from earlybell.tables import pseudonyms
from earlybell.tables import request as request_schema
from earlybell.tables.codec import decode
from earlybell.tables.pseudonyms import pseudonym
from tests.moodle.documented import block
from tests.moodle.plugin import AS_OF, KEY, PLUGIN, ROOT, ROWS, body, need_php, run_php

PHP = sorted(PLUGIN.rglob("*.php"))
VECTORS = Path(pseudonyms.__file__).with_name("pseudonyms.json")
INSTALL = PLUGIN / "db" / "install.xml"
LONGEST = 180  # characters of a line, beyond which Moodle's style has an error


def name(path: Path) -> str:
    return path.relative_to(PLUGIN).as_posix()


def test_each_file_is_php() -> None:
    need_php()
    for path in PHP:
        ran = subprocess.run(["php", "-l", str(path)], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("path", PHP, ids=name)
def test_a_file_is_as_moodle_wants_it(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("<?php\n// This file is part of Moodle - https://moodle.org/\n")
    assert "@package    local_earlybell" in text
    assert "GNU GPL v3 or later" in text
    assert "?>" not in text.replace("?->", "")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    for number, line in enumerate(text.splitlines(), 1):
        assert line == line.replace("\t", " ").rstrip(), f"{name(path)}:{number}"
        assert len(line) <= LONGEST or name(path).startswith("lang/"), f"{name(path)}:{number}: {len(line)}"
    assert not re.search(r"\b(unserialize|eval|exec|shell_exec|var_dump|print_r)\(", text)


def test_the_style_is_what_debians_php_codesniffer_can_check() -> None:
    if not shutil.which("phpcs"):
        pytest.skip("PHP_CodeSniffer is not installed (Debian: php-codesniffer)")
    words = ["phpcs", f"--standard={PLUGIN.parent / 'phpcs.xml'}", "--report=emacs", str(PLUGIN)]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stdout


def strings(language: str = "en") -> dict[str, str]:
    """The strings of a language by key."""
    text = (PLUGIN / f"lang/{language}/local_earlybell.php").read_text()
    found = re.findall(r"^\$string\['([^']+)'\] = '((?:[^'\\]|\\.)*)';$", text, re.M)
    return {key: value.replace("\\'", "'") for key, value in found}


def test_the_features_press_and_follow_what_the_pages_have() -> None:
    """Behat itself runs on sites that have it; what it would click is a string of ours, of Moodle's, or a name."""
    features = sorted((PLUGIN / "tests" / "behat").glob("*.feature"))
    assert {path.stem for path in features} == {"teacher", "learner", "trial"}
    ours = set(strings().values())
    for path in features:
        text = path.read_text()
        assert text.startswith("@local @local_earlybell\nFeature: ")
        clicked = re.findall(r'I (?:press|follow) "([^"]+)"', text)
        names = {f"{first} {last}" for first, last in re.findall(r"\| (\w+) +\| (\w+) +\|$", text, re.M)}
        assert clicked
        assert set(clicked) <= ours | names | {"Continue"}, path.stem


def test_strings_are_sorted_and_each_that_is_used_is_there() -> None:
    keys = {
        language: re.findall(
            r"^\$string\['([^']+)'\]", (PLUGIN / f"lang/{language}/local_earlybell.php").read_text(), re.M
        )
        for language in ("en", "ar")
    }
    assert keys["en"] == sorted(set(keys["en"])) == keys["ar"]
    used = set[str]()
    for path in PHP:
        used |= set(re.findall(r"(?:get_string|lang_string)\(\s*'([a-z_:]+)',\s*'local_earlybell'", path.read_text()))
    for path in PLUGIN.rglob("*.mustache"):
        used |= set(re.findall(r"\{\{#str\}\}\s*([a-z_]+)\s*, local_earlybell", path.read_text()))
    assert used - set(keys["en"]) == set()


def test_a_language_pack_can_say_each_feature_of_the_catalogue_anew() -> None:
    """English repeats the service's words; another language has the value as a number or in percent, or needs none."""
    php = (PLUGIN / "classes/local/service_words.php").read_text()
    turns = {name: float(value) for name, value in re.findall(r"'(\w+)' => (\d*\.?\d+)", php.partition("];")[0])}
    features = find_catalogue().features
    two_sided = {
        feature.name: 0.5 if feature.unit == "yes or no" else 0.0 for feature in features if "|" in feature.words
    }
    assert turns == two_sided
    keys = {
        f"says_{feature.name}{side}"
        for feature in features
        for side in (("_below", "_above") if feature.name in turns else ("",))
    }
    of_features = {key: value for key, value in strings().items() if key in keys}
    assert of_features == dict.fromkeys(keys, "{$a->words}")
    arabic = strings("ar")
    assert all("{$a->words}" not in arabic[key] for key in keys)
    for feature in features:
        written = "percent" if feature.unit == "share" else ("number", "decimal")[feature.digits]
        own = [arabic[key] for key in keys if re.sub("_(below|above)$", "", key) == f"says_{feature.name}"]
        used = {found for text in own for found in re.findall(r"\{\$a->(\w+)\}", text)}
        assert used == ({written} if "{value}" in feature.words else set()), feature.name


def test_templates_are_all_named_and_have_an_example() -> None:
    for path in sorted(PLUGIN.rglob("*.mustache")):
        text = path.read_text()
        assert f"@template local_earlybell/{path.stem}" in text
        example = text.partition("Example context (json):")[2].partition("}}\n")[0]
        assert isinstance(json.loads(example), dict), path.stem


def test_tables_and_classes_are_named_as_they_are_used() -> None:
    tables = {table.attrib["NAME"] for table in ElementTree.parse(INSTALL).iter("TABLE")}  # noqa: S314
    used = set[str]()
    for path in PHP:
        used |= set(re.findall(r"\{(local_earlybell_[a-z]+)\}", path.read_text()))
    assert used <= tables
    for path in sorted((PLUGIN / "classes").rglob("*.php")):
        space = "\\".join(["local_earlybell", *path.relative_to(PLUGIN / "classes").parts[:-1]])
        assert f"\nnamespace {space};\n" in path.read_text()
        assert re.search(rf"\n(?:final |abstract )?(?:class|enum) {path.stem}\b", path.read_text()), name(path)


def test_pseudonyms_are_those_of_the_vectors() -> None:
    vectors = json.loads(VECTORS.read_text())
    made = json.loads(run_php("pseudonyms.php", vectors))
    assert made["pseudonyms"] == [row["pseudonym"] for row in vectors["vectors"]]
    assert made["fingerprints"] == [row["fingerprint"] for row in vectors["fingerprints"]]
    assert (PLUGIN / "tests" / "fixtures" / "pseudonyms.json").read_bytes() == VECTORS.read_bytes()


def schema() -> Draft202012Validator:
    return Draft202012Validator(json.loads(Path(request_schema.__file__).with_suffix(".json").read_text()))


def test_the_request_is_as_the_schema_has_it() -> None:
    correction = {"bundle": "0a" * 32, "shift": 0}
    doubted = correction | {"doubt": "course_level"}
    for sent in (
        body(),
        body(correction=correction),
        body(correction=doubted),
        body(trial="0a" * 32),
        body(userids=[8]),
        body(rows={"enrolments": []}),
    ):
        schema().validate(json.loads(sent))
    (instance,) = json.loads(body(correction=correction))["instances"]
    assert instance["correction"] == {"bundle": "0a" * 32, "shift": 0.0}
    assert json.loads(body(correction=doubted))["instances"][0]["correction"]["doubt"] == "course_level"
    assert instance["as_of"] == AS_OF
    assert "trial" not in instance
    assert json.loads(body(trial="0a" * 32))["instances"][0]["trial"] == "0a" * 32


def test_texts_that_repeat_are_sent_by_their_categories() -> None:
    """Ids of Moodle stay integers, and what is null stays so."""
    row = {"occurred_at": AS_OF - 9000, "target": "course", "count": 1}
    events = [
        row | {"userid": 7 + i % 2, "component": "core", "action": "viewed", "object_id": [None, 7, 70][i % 3]}
        for i in range(120)
    ]
    sent = json.loads(body(rows=ROWS | {"events": events}))
    schema().validate(sent)
    coded = sent["instances"][0]["events"]
    assert coded["object_id"] == {"categories": [None, 7, 70], "codes": [0, 1, 2] * 40}
    assert coded["learner_id"] == {"categories": [pseudonym(KEY, "7"), pseudonym(KEY, "8")], "codes": [0, 1] * 60}
    assert coded["count"] == [1] * 120
    rows = decode(sent["instances"][0], "instances[0]", datetime(2026, 2, 1)).rows["events"]
    assert rows["object_id"].tolist() == [None, "7", "70"] * 40

    differing = [event | {"object_id": i} for i, event in enumerate(events)]
    (instance,) = json.loads(body(rows=ROWS | {"events": differing}))["instances"]
    assert instance["events"]["object_id"] == list(range(120))


def test_the_request_has_every_column_of_the_schema_that_moodle_can_fill() -> None:
    (instance,) = json.loads(body())["instances"]
    definitions = schema().schema["$defs"]
    for table in ("courses", "enrolments", "events", "assessments", "extensions", "submissions", "breaks"):
        by_columns = definitions[table]["oneOf"][1]["properties"]
        expected = set(by_columns) - (set() if table == "courses" else {"course_id"})
        assert set(instance[table]) == expected, table


def test_moodle_takes_corrections_json_as_it_is_written() -> None:
    """Moodle refuses a structure with a key that it does not know."""
    php = (PLUGIN / "classes" / "external" / "set_corrections.php").read_text()
    taken = re.findall(r"^            '(\w+)' => new external_value\(", php, re.M)
    assert {field.name for field in msgspec.structs.fields(CourseCorrection)} == set(taken) - {"stored", "unknown"}


def _as_php(table: MoodleTable) -> list[str]:
    """A table as raw_tables.php has it."""
    marks = {"integer": "", "number": ":n", "text": ":t"}
    columns = " ".join(f"{column.name}{marks[column.type]}" for column in table.columns)
    return [columns, re.sub(r"\{p\}(\w+)", r"{\1}", table.within).replace("{courses}", "%courses%")]


def test_the_extract_gives_the_rows_that_moodle_db_reads_and_no_others() -> None:
    given = json.loads(run_php("raw_tables.php", None))
    assert given["tables"] == {table.name: _as_php(table) for table in (*SITE, *COURSES)}
    assert {*given["settings"], "siteidentifier"} == {*SETTINGS}  # which the service gives as a hash
    assert given["plugins"] == [list(setting) for setting in PLUGIN_SETTINGS]


def test_the_request_is_of_those_alone_who_are_asked_about_by_pseudonym() -> None:
    (instance,) = json.loads(body(userids=[8]))["instances"]
    learner = pseudonym(KEY, "8")
    for table in ("enrolments", "events", "extensions", "submissions"):
        assert instance[table]["learner_id"] == [learner], table
    assert instance["submissions"]["assessment_id"] == ["assign-3"]
    assert len(instance["assessments"]["assessment_id"]) == 2


def test_the_documented_settings_are_php(tmp_path: Path) -> None:
    need_php()
    config = tmp_path / "config.php"
    config.write_text(block("php") + "\necho json_encode($CFG->forced_plugin_settings);\n")
    ran = subprocess.run(["php", str(config)], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == {"local_earlybell": {"token": "TOKEN", "pseudonymkey": "KEY"}}


def test_the_archive_installs_through_moodles_page(tmp_path: Path) -> None:
    subprocess.run(["make", "-s", "plugin", f"PLUGIN={tmp_path}/plugin.zip"], cwd=ROOT, check=True, timeout=60)
    with zipfile.ZipFile(tmp_path / "plugin.zip") as archive:
        names = archive.namelist()
        # Moodle wants one folder, called as the plugin without its kind.
        assert {entry.partition("/")[0] for entry in names} == {"earlybell"}
        assert {"earlybell/version.php", "earlybell/lang/en/local_earlybell.php"} <= set(names)
        assert sorted(entry for entry in names if entry.endswith(".php")) == sorted(
            f"earlybell/{name(path)}" for path in PHP
        )
        assert archive.read("earlybell/version.php") == (PLUGIN / "version.php").read_bytes()


def test_the_archive_is_the_same_again(tmp_path: Path) -> None:
    for index in (1, 2):
        subprocess.run(["make", "-s", "plugin", f"PLUGIN={tmp_path}/{index}.zip"], cwd=ROOT, check=True, timeout=60)
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
