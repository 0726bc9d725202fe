# `make demo` and `make test` are all the set-up there is. Both build their environments from nothing.
PYTHON ?= python3
VENV := .venv
VENV_TEST := .venv-test
VENV_OPTIMUM := .venv-optimum
VENV_DATASETS3 := .venv-datasets3
PIP := -m pip --quiet --disable-pip-version-check install --constraint constraints.txt

.PHONY: demo test test-optimum unit quality style clean

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

# The last transformers 4, for which Optimum's ONNX side exists: the same files must work there.
$(VENV_OPTIMUM)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV_OPTIMUM)
	$(VENV_OPTIMUM)/bin/python $(PIP) -e ".[train,onnx,optimum]" pytest pytest-timeout
	touch $@

# The last datasets that runs loading scripts. Only what the script imports: our package comes without its needs.
$(VENV_DATASETS3)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV_DATASETS3)
	$(VENV_DATASETS3)/bin/python $(PIP) "datasets<4" pillow orjson
	$(VENV_DATASETS3)/bin/python $(PIP) --no-deps -e .
	touch $@

test: quality test-optimum $(VENV_DATASETS3)/.ready
	SPINEPOSE_TF457_PYTHON=$(CURDIR)/$(VENV_OPTIMUM)/bin/python \
	SPINEPOSE_DATASETS3_PYTHON=$(CURDIR)/$(VENV_DATASETS3)/bin/python \
		$(VENV_TEST)/bin/python -m pytest

# Network, training and export on transformers 4.57 and with Optimum.
test-optimum: $(VENV_OPTIMUM)/.ready
	$(VENV_OPTIMUM)/bin/python -m pytest tests/training tests/model tests/onnx

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
	rm -rf $(VENV) $(VENV_TEST) $(VENV_OPTIMUM) $(VENV_DATASETS3) out
