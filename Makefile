# `make help` lists what there is. Each target does its own set-up.
SHELL := /bin/bash
GO ?= go
MOTO := .tools/moto
MOTO_VERSION := 5.2.1
# The race detector needs a C compiler; without one the tests run all the same, and say so.
RACE := $(shell command -v gcc >/dev/null 2>&1 && echo -race)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z/-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.PHONY: test
test: $(MOTO)/ready ## run every test: unit, contract, over the wire, command line, fuzz seeds
	@if [ -z "$(RACE)" ]; then echo "no C compiler here: running without the race detector"; fi
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || (echo "the files above are not gofmt-clean" >&2; exit 1)
	$(GO) vet $(RACE) ./...
	QUELL_TEST_MOTO="$(CURDIR)/$(MOTO)/bin/moto_server" $(GO) test $(RACE) -timeout 30m ./...

.PHONY: bench
bench: ## print each number beside its goal
	$(GO) run ./bench

.PHONY: build
build: ## build bin/quell
	$(GO) build -ldflags '-s -w' -o bin/quell ./cmd/quell

.PHONY: generate
generate: ## write the files made from the code: the action catalogue and docs
	$(GO) generate ./...

.PHONY: new-action
new-action: ## scaffold an action: make new-action NAME=service.verb-noun
	$(GO) run ./internal/newaction $(NAME)

# The emulator of AWS for the tests over the wire, in a virtual environment of its own.
$(MOTO)/ready:
	python3 -m venv $(MOTO)
	$(MOTO)/bin/pip install --quiet --disable-pip-version-check 'moto[all,server]==$(MOTO_VERSION)'
	touch $@
