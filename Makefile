# `make demo` and `make test` are all the set-up there is. Both build their environments from nothing.
PYTHON ?= python3
VENV := .venv
VENV_TEST := .venv-test
VENV_TF457 := .venv-tf457
VENV_DATASETS3 := .venv-datasets3
PIP := -m pip --quiet --disable-pip-version-check install --constraint constraints.txt

.PHONY: demo test unit quality style clean

demo: $(VENV)/.ready
	$(VENV)/bin/spinepose -i spinepose_hf/samples/walking.jpg -o out/walking_spine.jpg --overwrite

# The base package: what one photo needs, without torch or transformers.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python $(PIP) -e .
	touch $@

# Everything, with the newest transformers.
$(VENV_TEST)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV_TEST)
	$(VENV_TEST)/bin/python $(PIP) -e ".[train,synth,onnx,video,openvino,dev]"
	touch $@

# The last transformers 4, for which Optimum exists: the same files must work there.
$(VENV_TF457)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV_TF457)
	$(VENV_TF457)/bin/python $(PIP) -e ".[train]" "transformers>=4.57,<4.58" pytest pytest-timeout
	touch $@

# The last datasets that runs loading scripts. Only what the script imports: our package comes without its needs.
$(VENV_DATASETS3)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV_DATASETS3)
	$(VENV_DATASETS3)/bin/python $(PIP) "datasets<4" pillow orjson
	$(VENV_DATASETS3)/bin/python $(PIP) --no-deps -e .
	touch $@

test: quality $(VENV_TF457)/.ready $(VENV_DATASETS3)/.ready
	$(VENV_TF457)/bin/python -m pytest tests/training tests/model
	SPINEPOSE_TF457_PYTHON=$(CURDIR)/$(VENV_TF457)/bin/python \
	SPINEPOSE_DATASETS3_PYTHON=$(CURDIR)/$(VENV_DATASETS3)/bin/python \
		$(VENV_TEST)/bin/python -m pytest

unit: $(VENV_TEST)/.ready
	$(VENV_TEST)/bin/python -m pytest -m "not slow"

quality: $(VENV_TEST)/.ready
	$(VENV_TEST)/bin/ruff check .
	$(VENV_TEST)/bin/ruff format --check .
	$(VENV_TEST)/bin/mypy

style: $(VENV_TEST)/.ready
	$(VENV_TEST)/bin/ruff check --fix .
	$(VENV_TEST)/bin/ruff format .

clean:
	rm -rf $(VENV) $(VENV_TEST) $(VENV_TF457) $(VENV_DATASETS3) out
