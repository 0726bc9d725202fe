# `make demo` and `make test` are all the set-up there is. Both build their environments from nothing.
PYTHON ?= python3
VENV := .venv
VENV_TEST := .venv-test
VENV_OPTIMUM := .venv-optimum
VENV_DATASETS3 := .venv-datasets3
VENV_SPACE := .venv-space
VENV_HOSTED := .venv-hosted
VENV_DOCS := .venv-docs
PIP := -m pip --quiet --disable-pip-version-check install --constraint constraints.txt

.PHONY: demo test test-optimum test-space web docs unit quality style clean

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

# The app and the page that runs in a browser; onnx makes the int8 file that the latter is tried with.
$(VENV_SPACE)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV_SPACE)
	$(VENV_SPACE)/bin/python $(PIP) -e ".[space]" "playwright==1.65.2" onnx pytest pytest-timeout
	touch $@

# The site is made from the sources, so that none of the package's needs is installed here.
$(VENV_DOCS)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV_DOCS)
	$(VENV_DOCS)/bin/python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
		print(*project["optional-dependencies"]["docs"], sep="\n")' > $(VENV_DOCS)/requirements.txt
	$(VENV_DOCS)/bin/python $(PIP) -r $(VENV_DOCS)/requirements.txt
	touch $@

# What a Space of the Hub installs, and nothing else.
$(VENV_HOSTED)/.ready: space/requirements.txt
	$(PYTHON) -m venv $(VENV_HOSTED)
	$(VENV_HOSTED)/bin/python -m pip --quiet --disable-pip-version-check install -r space/requirements.txt
	touch $@

test: quality docs test-optimum test-space $(VENV_DATASETS3)/.ready $(VENV_HOSTED)/.ready
	SPINEPOSE_TF457_PYTHON=$(CURDIR)/$(VENV_OPTIMUM)/bin/python \
	SPINEPOSE_DATASETS3_PYTHON=$(CURDIR)/$(VENV_DATASETS3)/bin/python \
	SPINEPOSE_HOSTED_PYTHON=$(CURDIR)/$(VENV_HOSTED)/bin/python \
		$(VENV_TEST)/bin/python -m pytest

# Network, training and export on transformers 4.57 and with Optimum.
test-optimum: $(VENV_OPTIMUM)/.ready
	$(VENV_OPTIMUM)/bin/python -m pytest tests/training tests/model tests/onnx

# The static page space/web, complete: python -m http.server -d space/web serves it.
web: $(VENV_SPACE)/.ready
	$(VENV_SPACE)/bin/python space/web/build.py

# The page in Debian's Chromium. Where npm or Chromium cannot be had, its tests are skipped and say why.
test-space: $(VENV_SPACE)/.ready
	@if command -v npm > /dev/null; then $(MAKE) web; else echo "npm is not installed: the page is not built"; fi
	@command -v chromium > /dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null \
		&& apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium > /dev/null; } \
		|| echo "chromium is not installed, and only root can install it with apt-get"
	$(VENV_SPACE)/bin/python -m pytest tests/space

# The documentation site in site/. Warnings are errors, and so is anything that would ask another host.
docs: $(VENV_DOCS)/.ready
	NO_MKDOCS_2_WARNING=1 $(VENV_DOCS)/bin/mkdocs build --strict

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
	rm -rf $(VENV) $(VENV_TEST) $(VENV_OPTIMUM) $(VENV_DATASETS3) $(VENV_SPACE) $(VENV_HOSTED) $(VENV_DOCS) space/web/vendor site out
