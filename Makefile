# `make help` lists what there is. CI runs the same targets.

GO            ?= go
POLICY        ?= docs/examples/policy.yaml
PORT          ?= 4566
FUZZTIME      ?= 30s
GOLANGCI_LINT := v2.15.0
# What reads the EC2 API from outside: the real AWS CLI, for a test of the embedded cloud.
PYTHON        ?= python3

FUNCTIONS := $(notdir $(patsubst %/main.go,%,$(wildcard functions/*/main.go)))
# Without lambda.norpc, or with the symbol table, a function weighs three times as much.
LAMBDA    := CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build -trimpath -tags lambda.norpc -ldflags '-s -w'

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## See the main job done on the embedded cloud (SCENARIO=name for one scenario)
	@$(GO) run ./infra/autopeer demo $(if $(SCENARIO),--scenario $(SCENARIO))

.PHONY: local
local: ## Run the embedded cloud with the cells of a policy (PORT=4566, POLICY=file)
	@$(GO) run ./infra/autopeer local --port $(PORT) --policy $(POLICY)

.PHONY: policy
policy: ## Check a policy file (POLICY=file): exit 0, or 2 with every mistake
	@$(GO) build -o build/autopeer ./infra/autopeer
	@build/autopeer policy $(POLICY)

.PHONY: build
build: $(FUNCTIONS:%=build/%/bootstrap) ## Build the functions for Lambda into build/<name>/bootstrap

.PHONY: FORCE
build/%/bootstrap: FORCE
	@mkdir -p $(@D)
	$(LAMBDA) -o $@ ./functions/$*

.PHONY: test
test: .venv/ready ## Run every test
	$(GO) vet ./...
	PATH="$(CURDIR)/.venv/bin:$$PATH" $(GO) test -race ./functions/... ./internal/... ./infra/...

.PHONY: test-fast
test-fast: ## Run the tests of internal/ without the race detector
	$(GO) test ./internal/...

.PHONY: fuzz
fuzz: ## Fuzz each target for a while (FUZZTIME=30s)
	@for target in $$(grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u); do \
		for name in $$(grep -h '^func Fuzz' $$target/*_test.go | sed 's/func \(Fuzz[A-Za-z]*\).*/\1/'); do \
			echo "$$target $$name"; $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) ./$$target || exit 1; \
		done; \
	done

.PHONY: fmt
fmt: ## Format the Go files
	gofmt -w functions infra internal

.PHONY: lint
lint: .tools/golangci-lint-$(GOLANGCI_LINT) ## Check format and code
	@unformatted=$$(gofmt -l functions infra internal); [ -z "$$unformatted" ] || { echo "not formatted (make fmt): $$unformatted"; exit 1; }
	.tools/golangci-lint-$(GOLANGCI_LINT) run ./...

.tools/golangci-lint-$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/.tools $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	@mv .tools/golangci-lint $@

# The AWS CLI, pinned, in an environment of its own.
.venv/ready: infra/requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r infra/requirements.txt
	@touch $@

.PHONY: check
check: lint test build ## Everything that must hold before a commit
	git diff --exit-code

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf build out cdk.out .tools .venv
