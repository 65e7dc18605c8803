# `make help` lists what there is. CI runs the same targets.

GO            ?= go
# The policy file; without it, `policy` in the context of cdk.json. The example is for targets that deploy nothing.
POLICY        ?=
EXAMPLE       := docs/examples/policy.yaml
CONCURRENCY   ?= 1
STACKS        ?=
PORT          ?= 4566
WITHIN        ?= 1m
SEEDS         ?= 2000
FUZZTIME      ?= 30s
PKGS          ?= ./internal/domain/policy ./internal/domain/plan ./internal/domain/reach ./internal/domain/hint
EVERY         ?= 1
GOLANGCI_LINT := v2.15.0
PYTHON        ?= python3
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

FUNCTIONS := $(notdir $(patsubst %/main.go,%,$(wildcard functions/*/main.go)))
# Without lambda.norpc, or with the symbol table, a function weighs three times as much; with the commit
# in it, every commit would deploy every function.
LAMBDA    := CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build -trimpath -buildvcs=false -tags lambda.norpc -ldflags '-s -w'

CDK        := .tools/cdk/node_modules/.bin/cdk
EVERYTHING := {"trail":"true","alarmEmail":"ops@example.com","permissionsBoundary":"edge","reservedConcurrency":"5"}

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build/autopeer ## See the main job done on the embedded cloud (SCENARIO=name for one scenario)
	@build/autopeer demo $(if $(SCENARIO),--scenario $(SCENARIO))

.PHONY: local
local: build/autopeer ## Run the embedded cloud with the cells of a policy (PORT=4566, POLICY=file)
	@build/autopeer local --port $(PORT) --policy '$(or $(POLICY),$(EXAMPLE))'

.PHONY: policy
policy: build/autopeer ## Check a policy file (POLICY=file): exit 0, or 2 with every mistake
	@build/autopeer policy '$(or $(POLICY),$(EXAMPLE))'

build/autopeer: FORCE
	@[ -e $@ ] || echo "compiling autopeer and the AWS SDK, which takes minutes the first time"
	@$(GO) build -o $@ ./infra/autopeer

.PHONY: build
build: $(FUNCTIONS:%=build/%/bootstrap) ## Build the functions for Lambda into build/<name>/bootstrap

.PHONY: FORCE
build/%/bootstrap: FORCE
	@mkdir -p $(@D)
	$(LAMBDA) -o $@ ./functions/$*

# What plays scenarios by the hundred goes without the race detector, which would take minutes more; the code that it
# plays has tests of its own. jsii races with itself.
RACED := ./functions/... ./internal/accept ./internal/connect ./internal/disconnect ./internal/sweep ./internal/apply ./internal/parallel ./internal/policyfile ./internal/archtest ./internal/local ./internal/aws/... ./internal/cloudsim/... ./internal/domain/...

.PHONY: test
test: .venv/ready ## Run every test
	$(GO) vet ./...
	$(GO) test -race -timeout 10m $(RACED)
	$(GO) test -timeout 10m ./infra/... ./internal/demo ./internal/lab ./internal/sandbox/... ./internal/proof/...

.PHONY: test-fast
test-fast: ## Run the tests of internal/ without the race detector
	$(GO) test ./internal/...

.PHONY: fuzz
fuzz: ## Fuzz each target for a while (FUZZTIME=30s)
	@for target in $$(grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u); do \
		for name in $$(grep -h '^func Fuzz' $$target/*_test.go | sed 's/func \(Fuzz[A-Za-z]*\).*/\1/'); do \
			echo "$$target $$name"; $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./$$target || exit 1; \
		done; \
	done

.PHONY: mutate
mutate: ## Change one thing after another in the code, and see whether its tests notice (PKGS=packages, EVERY=n for every nth)
	$(GO) build -o .tools/mutate ./internal/proof/mutate
	@.tools/mutate -every $(EVERY) $(PKGS)

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

.PHONY: synth
synth: build .tools/infra ## Write the templates of a policy to cdk.out/ (POLICY=file)
	rm -rf cdk.out && POLICY='$(POLICY)' .tools/infra

.PHONY: .tools/infra
.tools/infra:
	$(GO) build -o $@ ./infra

.PHONY: diff
diff: build $(CDK) ## Show what a deployment would change (POLICY=file)
	POLICY='$(POLICY)' $(CDK) diff

# `make diff` is the review: the CDK asks for approval only on a terminal, and only with a concurrency of 1.
.PHONY: deploy
deploy: build $(CDK) ## Deploy all cells of a policy without questions (POLICY=file, CONCURRENCY=1, STACKS=names for single stacks)
	POLICY='$(POLICY)' $(CDK) deploy --require-approval never --concurrency $(CONCURRENCY) $(if $(STACKS),--exclusively $(STACKS),--all)

# Outside infra/, because Go's tools would walk into the packages.
$(CDK): infra/package.json infra/package-lock.json
	@mkdir -p .tools/cdk && cp $^ .tools/cdk/
	npm ci --silent --no-audit --no-fund --prefix .tools/cdk && touch $@

# Twice: with the options as they are, and with everything that an option adds.
.PHONY: lint-templates
lint-templates: POLICY := $(or $(POLICY),$(EXAMPLE))
lint-templates: synth .venv/ready ## Check the templates with cfn-lint and checkov
	rm -rf out/everything && CDK_CONTEXT_JSON='$(EVERYTHING)' CDK_OUTDIR=out/everything POLICY=$(POLICY) .tools/infra
	@for d in cdk.out out/everything; do \
		.venv/bin/cfn-lint $$d/*.template.json && .venv/bin/checkov --quiet --compact --skip-download --framework cloudformation -d $$d || exit 1; \
	done

# In the folder of the test, as go test would run it, but with its last line last.
.PHONY: iam-mutations
iam-mutations: ## Take every permission out of the templates once, and see who notices
	$(GO) test -c -o .tools/iammutations ./internal/proof/iammutations
	@cd internal/proof/iammutations && ../../../.tools/iammutations -all -test.run '^TestEveryPermissionIsMissed$$' -test.timeout 30m

# SEED plays one seed alone and prints its history.
.PHONY: sim
sim: ## Simulate bad days (seeds FROM=1 to SEEDS=2000, or SEED=17 to see one)
	$(GO) test -c -o .tools/simtest ./internal/proof/simtest
	@.tools/simtest $(if $(SEED),-test.v -test.run '^TestShare$$' -seed=$(SEED),-from=$(or $(FROM),1) -seeds=$(SEEDS))

.PHONY: sim-planted
sim-planted: ## Plant bugs, one at a time, and see in how many seeds each is caught
	$(GO) test -c -o .tools/simtest ./internal/proof/simtest
	@cd internal/proof/simtest && ../../../.tools/simtest -test.run '^TestPlantedBugsAreCaught$$' -planted 3000 -test.timeout 0

.PHONY: load
load: ## Ask for a thousand connections over twenty cells (WITHIN=1m), and hold what comes of it against what must
	$(GO) build -o .tools/load ./internal/proof/load
	@.tools/load -within $(WITHIN)

.PHONY: conformance
conformance: .venv-conformance/ready event-ruler ## Let emulators and clients that others wrote judge autopeer and the embedded cloud (JUDGE=name for one)
	@$(GO) build -o .tools/conformance ./internal/proof/conformance && .tools/conformance $(if $(JUDGE),-only $(JUDGE))

.venv-conformance/ready: internal/proof/conformance/requirements.txt
	$(PYTHON) -m venv .venv-conformance
	.venv-conformance/bin/pip install --quiet --disable-pip-version-check -r internal/proof/conformance/requirements.txt
	@touch $@

# AWS's own matcher of event patterns runs on Java. Where that is missing the other judges are asked, and that is said.
.PHONY: event-ruler
event-ruler:
	@[ -e .tools/event-ruler/ready ] || { mvn -q -B -f internal/proof/conformance/patterns/pom.xml dependency:copy-dependencies \
		-DoutputDirectory=$(CURDIR)/.tools/event-ruler && touch .tools/event-ruler/ready; } || echo "Event Ruler could not be fetched"

.PHONY: crash-points
crash-points: ## Kill functions at every call that they make in the labs, and compare the ends
	$(GO) test -c -o .tools/crashpoints ./internal/proof/crashpoints
	@.tools/crashpoints -all -test.timeout 30m

.PHONY: bench-synth
bench-synth: ## Measure how long 2 and 60 cells take to synthesize
	$(GO) test ./infra/cell -run '^$$' -bench Synth -benchtime 3x

# The AWS CLI and the linters of templates, pinned, in an environment of their own.
.venv/ready: infra/requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r infra/requirements.txt
	@touch $@

.PHONY: check
check: lint test build lint-templates ## Everything that must hold before a commit
	git diff --exit-code

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf build out cdk.out .tools .venv .venv-conformance
