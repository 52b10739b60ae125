# `make help` lists the targets.
PYTHON ?= python3.11
VENV ?= .venv
BIN = $(VENV)/bin
DATA ?= simulate:
CLUSTER = .earlybell/cluster

.DEFAULT_GOAL := help
.PHONY: help demo test mutants cluster cluster-down test-cluster lint check serving operations images bench lock hooks clean docs links pictures plugin test-moodle moodle-pictures

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/training  ## the main job on a simulated site, or on DATA=oulad:DIR, DATA=tables:DIR
	@$(BIN)/earlybell demo $(DATA)

test: $(VENV)/dev  ## the tests, but for those that need a cluster
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/cluster

mutants: $(VENV)/dev  ## whether tests fail where a rule that matters is changed (half an hour); MODULES='gates.py folds.py'
	@$(BIN)/python -m tests.mutants $(MODULES)

cluster: $(VENV)/dev  ## start a Kubernetes with Knative and KServe on this machine (Linux, root, Go; ten minutes the first time)
	@PYTHON=$(abspath $(BIN)/python) tests/cluster/start $(CLUSTER)

cluster-down:  ## end it; its state stays, and `make cluster` goes on from there
	@tests/cluster/down $(CLUSTER)

# Only a KUBECONFIG on make's own command line names a cluster: never one that happens to be in the environment.
ifeq ($(origin KUBECONFIG), command line)
test-cluster: LOAD = tests/cluster/images/load "$(IMAGE_LOADER)" base postgresql seaweedfs serving components
test-cluster: export EARLYBELL_CLUSTER_KUBECONFIG = $(abspath $(KUBECONFIG))
else
test-cluster: LOAD = test ! -e $(CLUSTER)/installed || tests/cluster/images/load $(CLUSTER) serving components
endif
test-cluster: export EARLYBELL_MOODLE = $(if $(MOODLE),$(abspath $(MOODLE)))
test-cluster: $(VENV)/dev  ## the tests on that cluster; with a Moodle beside it: MOODLE=DIR; or on yours, KUBECONFIG=FILE IMAGE_LOADER='kind load image-archive'
	@$(LOAD)
	@$(BIN)/python -m pytest -vv --durations 25 tests/cluster

lint: $(VENV)/dev  ## style, strict types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint $$(git ls-files '*Containerfile')

check: test lint  ## the tests and lint

docs: $(VENV)/dev  ## the documents as a site in build/docs; a warning is an error
	$(BIN)/python -m tests.docs.cli_reference docs/reference/cli.md
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet docs build/docs

links: $(VENV)/dev  ## look whether the addresses in the documents answer, over the network
	$(BIN)/python -m sphinx --builder linkcheck --quiet docs build/links

# The pictures have a key of their own, so that they are the same again.
pictures: export EARLYBELL_PSEUDONYM_KEY = of the pictures alone
pictures: export EARLYBELL_HOME = build/pictures
pictures: $(VENV)/training  ## the README's pictures again, from the demo's report and a worklist
	$(BIN)/earlybell demo simulate:
	$(BIN)/earlybell predict build/pictures/demo simulate: --as-of 2023-10-29 --capacity 8 --worklist build/pictures/list.csv
	$(BIN)/python -m tests.docs.pictures build/pictures/demo/report.html build/pictures/list.csv docs/pictures

PLUGIN ?= build/local_earlybell.zip
plugin:  ## Moodle's plugin as an archive for its page "Install plugins", in build/
	@$(PYTHON) moodle/package.py $(PLUGIN)

test-moodle: $(VENV)/dev build/browser/ready  ## the plugin in a real Moodle, MOODLE=DIR of a checkout: PHPUnit, and a walk in a browser
	@EARLYBELL_MOODLE="$(abspath $(or $(MOODLE),$(error MOODLE=DIR names a checkout of Moodle)))" \
		EARLYBELL_BROWSER="$(abspath build/browser/bin/python)" EARLYBELL_SHOTS="$(abspath build/moodle)" \
		$(BIN)/python -m pytest -vv tests/moodle

moodle-pictures: test-moodle  ## the pictures of Moodle's plugin in the documents again, from that walk
	@cp build/moodle/today-1280.png docs/pictures/moodle-today-1280.png
	@cp build/moodle/learner-1280.png docs/pictures/moodle-learner-1280.png
	@cp build/moodle/today-390.png docs/pictures/moodle-today-390.png

build/browser/ready: requirements/browser.txt
	@$(PYTHON) -m venv build/browser
	@build/browser/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/browser.txt
	@touch $@

serving: $(VENV)/serving  ## install what serves: earlybell serve, token, request

operations: $(VENV)/components $(VENV)/serving  ## install what docs/how-to/install.md needs: train, release, token, trail in PostgreSQL

images:  ## the container images, with docker, podman or buildah; BUILDER=, BASE=, PLATFORM=, WHEELS=, REPOSITORY=, TAG= (docs/reference/images.md)
	images/build serving
	images/build components

.PHONY: chart sbom publish version retrain
HELM ?= helm
SYFT ?= syft

chart:  ## the chart as a package, in build/
	@mkdir -p build
	$(HELM) package helm/earlybell --destination build

sbom:  ## what is in the images that were built: build/NAME.spdx.json, with syft; BUILDER=docker or podman
	@mkdir -p build
	@for name in serving components; do \
		image=$${REPOSITORY:-ghcr.io/earlybell}/$$name:$${TAG:-$$(images/version)}; \
		$(SYFT) scan "$${BUILDER:-docker}:$$image" --output "spdx-json=build/$$name.spdx.json" || exit 1; \
	done

publish:  ## push images and chart (build them first), sign them with cosign, attach their SBOM; REPOSITORY=, TAG=
	images/publish serving
	images/publish components
	images/publish chart

version:  ## Earlybell's version; NEW=0.2.0 sets it wherever it stands, IS=v0.1.0 fails where it is another
	@images/version $(if $(IS),--is "$(IS)") $(NEW)

retrain: $(VENV)/training  ## train on Kubeflow Pipelines at KFP_ENDPOINT; SOURCE=oulad:/sources/oulad (docs/how-to/run-the-pipelines.md)
	@$(BIN)/python -m pipelines submit training --source "$${SOURCE:?what to train on}" --wait

bench: $(VENV)/dev  ## speed and memory, each figure beside what it is compared to; SOURCE=oulad:DIR: training too
	$(BIN)/python -m bench $(if $(SOURCE),--source $(SOURCE))

lock: $(VENV)/dev  ## lock the dependencies again, by version and hash
	$(BIN)/python -m pip install -q uv
	rm -f requirements/dev.txt
	for set in dev:training:rollout:serving:pyspark:postgresql:mysql:components:mlbackend:docs:dev training:training \
		components:training:postgresql:mysql:components:mlbackend serving:serving:postgresql rollout:rollout predict; do \
		name=$${set%%:*}; extras=$$(echo "$$set" | tr ':' '\n' | sed -n '2,$$s/^/--extra /p'); \
		$(BIN)/uv pip compile -q pyproject.toml $$extras $$([ $$name = dev ] || echo "-c requirements/dev.txt") \
			--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
			--no-annotate --no-header -o requirements/$$name.txt || exit 1; \
	done
	echo "playwright>=1.50" | $(BIN)/uv pip compile -q - --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header -o requirements/browser.txt
	echo "setuptools>=80" | $(BIN)/uv pip compile -q - -c requirements/dev.txt --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header -o requirements/build.txt

hooks: $(VENV)/dev  ## run lint before each commit and the tests before each push
	$(BIN)/pre-commit install

clean: cluster-down  ## remove the environment and every run's files
	rm -rf $(VENV) .earlybell build *.egg-info

# One environment; a set is installed when its lock changes.
$(VENV)/training $(VENV)/serving $(VENV)/components $(VENV)/dev: $(VENV)/%: requirements/%.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked packages ($*) into $(VENV): a few minutes the first time."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/$*.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed: install Python 3.11, or name it with make PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make an environment: install its venv (Debian: $(PYTHON)-venv)"; exit 1; }
