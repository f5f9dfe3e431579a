# Everything starts here. `make demo` shows the whole way on a small model; `make test` runs every test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# One thread: two of them on a busy machine run many times slower. No hub: everything needed ships.
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: install demo test lint serve docs pictures verify-main verify-benchmarks verify-engine verify-statistics verify-site clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt .ci/prerequisites.py
	@$(PYTHON) .ci/prerequisites.py
	@echo "installing into $(VENV): about 3 GB, a few minutes"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable ".[site,evaluate,formats,test]"
	@touch $@

demo: $(INSTALLED)
	$(BIN)/quantboard demo --output demo

test: $(INSTALLED) lint
	$(BIN)/pytest -n 2 --dist worksteal

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

serve: $(INSTALLED)
	$(BIN)/quantboard build
	$(BIN)/quantboard serve

docs: $(INSTALLED)
	$(BIN)/quantboard schema
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/data_page.py

pictures: $(INSTALLED)
	$(BIN)/python -m docs.pictures

verify-main: $(INSTALLED)
	$(BIN)/python -m tests.verify.main $(if $(QUICK),--quick) $(if $(BREAK),--break $(BREAK))

verify-benchmarks: $(INSTALLED)
	$(BIN)/python -m tests.verify.benchmarks $(if $(QUICK),--quick) $(if $(BREAK),--break $(BREAK))

verify-engine: $(INSTALLED)
	$(BIN)/python -m tests.verify.engine $(if $(QUICK),--quick) $(if $(BREAK),--break $(BREAK))

verify-statistics: $(INSTALLED)
	$(BIN)/python -m tests.verify.statistics $(if $(QUICK),--quick) $(if $(BREAK),--break $(BREAK))

SITE_TOOLS := tests/site_tools/node_modules/.package-lock.json

$(SITE_TOOLS): tests/site_tools/package-lock.json
	cd tests/site_tools && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

verify-site: $(INSTALLED) $(SITE_TOOLS)
	$(BIN)/python -m tests.verify.site $(if $(QUICK),--quick) $(if $(BREAK),--break $(BREAK))

clean:
	rm -rf $(VENV) demo _site _site.cache runs
