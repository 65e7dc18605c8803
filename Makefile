# `make help` lists the targets. .ci/run has those that CI runs.

GO            ?= go
# The policy file; without it, `policy` in the context of cdk.json. The example is for targets that deploy nothing.
POLICY        ?=
EXAMPLE       := docs/examples/policy.yaml
# The prefix of the installation; without it, `prefix` in the context of cdk.json. npm would take the variable for its own.
PREFIX        ?=
unexport PREFIX
# Variables that are given but empty count as not given.
CONCURRENCY   ?= 1
LAB           ?=
STACKS        ?=
PORT          ?= 4566
WITHIN        ?= 1m
SEEDS         ?= 2000
FUZZTIME      ?= 30s
PKGS          ?= ./internal/domain/policy ./internal/domain/plan ./internal/domain/reach ./internal/domain/hint
EVERY         ?= 1
GOLANGCI_LINT := v2.15.0
AWS_CLI_2     := 2.9.19-1
# AWS tags its releases without a v, so that Go knows the module by its commits only.
LAMBDA_RIE    := v0.0.0-20261030222936-bef5c4ba774d
PYTHON        ?= python3
SHELL         := bash
.SHELLFLAGS   := -o pipefail -c
# jsii would print a banner of many lines for each app. The apps and `autopeer` print one line in its place.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

# With the commit in a function, every commit would deploy every function.
export GOFLAGS += -buildvcs=false
# The command has it, for `autopeer version`, if git can read the checkout.
REVISION = -buildvcs=$(if $(shell git rev-parse HEAD 2>/dev/null),auto,false)

# EC2's client alone compiles for a minute. Programs for this machine use Go's default compiler flags, so that they share
# one compiled client with tests, editors and linters; tags and linker flags do not change it. The race detector needs a
# second client, which compiles in half the time without inlining. Lambda's architecture needs a third, which only
# `make build` compiles. Without lambda.norpc, or with the symbol table, a function is three times as large.
FUNCTION  := -tags lambda.norpc -ldflags '-s -w'
PROGRAM   := $(GO) build -v $(FUNCTION) -o build/bin/
LAMBDA    := CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build -trimpath $(FUNCTION)
RACE      := -race -gcflags=github.com/aws/aws-sdk-go-v2/service/ec2=-l
FUNCTIONS := $(notdir $(patsubst %/main.go,%,$(wildcard functions/*/main.go)))

# The race detector covers every package with tests, except packages without goroutines, packages that play hundreds of
# scenarios, which would take minutes more, and infra, because jsii races with itself.
UNRACED := ./infra/... ./internal/archtest ./internal/demo ./internal/domain/... ./internal/policyfile ./internal/proof/... ./internal/sandbox/...
TESTED  := $(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}'
RACED   := $$($(TESTED) ./... | grep -vxF "$$($(TESTED) $(UNRACED))")

# counted prints a line for every hundredth package that `go build -v` compiles, and every error.
counted = 2>&1 | awk '!/^[^ ]+$$/ { print; next } ++n % 100 == 0 { print "   " n " packages compiled$(1)"; fflush() }'
first   = @[ -e build/bin/autopeer ] || echo "compiling: the AWS SDK takes minutes the first time"
# stage prints a heading with the seconds since make started.
stage   = @echo "== $(1) ($$(( $$(date +%s) - $(started) ))s)"
started := $(shell date +%s)

CDK        := .tools/cdk/node_modules/.bin/cdk
OPTIONS     = $(if $(PREFIX), -c prefix='$(PREFIX)')
EVERYTHING := {"trail":"true","alarmEmail":"ops@example.com","permissionsBoundary":"edge","reservedConcurrency":"5"}

.DEFAULT_GOAL := help

.PHONY: help
help:
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Use

.PHONY: demo
demo: programs ## Play the labs on the embedded cloud and check every line (SCENARIO=name for one)
	@build/bin/autopeer demo $(if $(SCENARIO),--scenario $(SCENARIO))

.PHONY: local
local: programs ## Run the embedded cloud with the cells of a policy (PORT=4566, POLICY=file)
	@POLICY='$(POLICY)' build/bin/autopeer local --port $(PORT)

.PHONY: policy
policy: ## Check a policy file: exit 0, or 2 after a list of its mistakes (POLICY=file)
	$(first)
	@$(PROGRAM) $(REVISION) ./infra/autopeer $(call counted)
	@POLICY='$(POLICY)' build/bin/autopeer check

# internal/local builds with the same flags, so that it finds these programs up to date.
.PHONY: programs
programs:
	$(first)
	@$(PROGRAM) ./functions/... ./infra ./infra/departments $(call counted)
	@$(PROGRAM) $(REVISION) ./infra/autopeer $(call counted)

##@ Deploy

.PHONY: build
build: $(FUNCTIONS:%=build/%/bootstrap) ## Build the functions for Lambda into build/<name>/bootstrap

.PHONY: FORCE
build/%/bootstrap: FORCE
	@mkdir -p $(@D)
	$(LAMBDA) -o $@ ./functions/$*

# CDK_CONTEXT_JSON is the variable by which the CDK's command line passes its option -c to the app.
.PHONY: synth
synth: build build/bin/infra ## Write the templates of a policy to cdk.out/ (POLICY=file, PREFIX=name)
	rm -rf cdk.out && $(if $(PREFIX),CDK_CONTEXT_JSON='{"prefix":"$(PREFIX)"}' )POLICY='$(POLICY)' build/bin/infra

.PHONY: build/bin/infra
build/bin/infra:
	@$(PROGRAM) ./infra $(call counted)

# The app checks it too, but only after minutes of compiling.
.PHONY: named
named:
	@[ -n '$(POLICY)' ] || grep -q '"policy": *"[^"]' cdk.json || { echo 'no policy file is named: make deploy POLICY=policy.yaml' >&2; exit 1; }

.PHONY: diff
diff: named build $(CDK) ## Show the changes that a deployment would make (POLICY=file, PREFIX=name)
	POLICY='$(POLICY)' $(CDK) diff$(OPTIONS)

# `make diff` is the review: the CDK asks for approval only on a terminal, and only with a concurrency of 1.
.PHONY: deploy
deploy: named build $(CDK) ## Deploy all cells of a policy without questions (POLICY=file, PREFIX=name, CONCURRENCY=1, STACKS=names for single stacks)
	POLICY='$(POLICY)' $(CDK) deploy$(OPTIONS) --require-approval never --concurrency $(or $(strip $(CONCURRENCY)),1) $(if $(strip $(STACKS)),--exclusively $(STACKS),--all)

# The lab's settings are the context keys labMarketingCidr, labMarketingAccount, labMarketingRegion and so on (docs/labs.md).
.PHONY: deploy-lab
deploy-lab: build/bin/departments $(CDK) .venv/ready ## Deploy three departments to learn on, and write their policy to departments.yaml (LAB='-c key=value')
	$(CDK) deploy --app build/bin/departments --output out/lab --outputs-file out/lab.json$(OPTIONS) \
		-c labDeployer="$$(.venv/bin/aws sts get-caller-identity --query Arn --output text)" $(LAB) --require-approval never --all
	build/bin/departments policy out/lab.json > out/departments.yaml && mv out/departments.yaml departments.yaml
	@echo "departments.yaml has the policy of the lab; connect it with: make deploy POLICY=departments.yaml"

.PHONY: destroy-lab
destroy-lab: build/bin/departments $(CDK) .venv/ready ## Delete the lab's peering connections and its stacks (LAB as for deploy-lab)
	AWS_CLI=.venv/bin/aws build/bin/departments disconnect out/lab.json
	$(CDK) destroy --app build/bin/departments --output out/lab$(OPTIONS) $(LAB) --force --all

.PHONY: build/bin/departments
build/bin/departments:
	@$(PROGRAM) ./infra/departments $(call counted)

# Outside infra/, because Go's tools would walk into the packages.
$(CDK): infra/package.json infra/package-lock.json
	@mkdir -p .tools/cdk && cp $^ .tools/cdk/
	npm ci --loglevel error --no-audit --no-fund --prefix .tools/cdk && touch $@

##@ Develop

.PHONY: test
test: ## Run every test
	$(call stage,compile: the AWS SDK takes minutes the first time)
	@$(MAKE) --no-print-directory -j3 .venv/ready $(CDK) programs raced
	$(call stage,vet)
	@$(GO) vet ./...
	$(call stage,test without the race detector)
	@$(GO) test -vet=off -timeout 10m $$($(TESTED) $(UNRACED))
	$(call stage,test under the race detector)
	@$(GO) test $(RACE) -vet=off -timeout 10m $(RACED)
	$(call stage,all tests passed)

.PHONY: raced
raced:
	@$(GO) build -v $(RACE) $(RACED) $(call counted, for the race detector)

.PHONY: test-fast
test-fast: ## Run the tests of internal/ without the race detector
	$(GO) test ./internal/...

.PHONY: fmt
fmt: ## Format the Go files
	gofmt -w functions infra internal

.PHONY: lint
lint: .tools/golangci-lint-$(GOLANGCI_LINT) ## Check the format and run the linters
	@unformatted=$$(gofmt -l functions infra internal); [ -z "$$unformatted" ] || { echo "not formatted (make fmt): $$unformatted"; exit 1; }
	.tools/golangci-lint-$(GOLANGCI_LINT) run ./...

.tools/golangci-lint-$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/.tools $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	@mv .tools/golangci-lint $@

.PHONY: check
check: lint test build lint-templates ## Run lint, tests and template checks (CI adds the proofs)
	git diff --exit-code

.PHONY: clean
clean: ## Remove the files that other targets made
	rm -rf build out cdk.out .tools .venv .venv-conformance

##@ Prove

.PHONY: fuzz
fuzz: ## Fuzz each target for a while (FUZZTIME=30s)
	@for target in $$(grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u); do \
		for name in $$(grep -h '^func Fuzz' $$target/*_test.go | sed 's/func \(Fuzz[A-Za-z]*\).*/\1/'); do \
			echo "$$target $$name"; $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./$$target || exit 1; \
		done; \
	done

.PHONY: mutate
mutate: ## Mutate the code and check that a test fails for each mutation (PKGS=packages, EVERY=n for every nth)
	$(GO) build -o .tools/mutate ./internal/proof/mutate
	@.tools/mutate -every $(EVERY) $(PKGS)

# Twice: with the options as they are, and with everything that an option adds; and the lab.
.PHONY: lint-templates
lint-templates: override POLICY := $(or $(POLICY),$(EXAMPLE))
lint-templates: synth build/bin/departments .venv/ready ## Check the templates with cfn-lint and checkov
	rm -rf out/lab && CDK_DEFAULT_ACCOUNT=111111111111 CDK_DEFAULT_REGION=us-east-1 CDK_OUTDIR=out/lab build/bin/departments
	rm -rf out/everything && CDK_CONTEXT_JSON='$(EVERYTHING)' CDK_OUTDIR=out/everything POLICY='$(POLICY)' build/bin/infra
	@for d in cdk.out out/everything out/lab; do \
		.venv/bin/cfn-lint $$d/*.template.json && .venv/bin/checkov --quiet --compact --skip-download --framework cloudformation -d $$d || exit 1; \
	done

# Run without go test, which would print a line after the summary; in the test's folder, as go test does.
.PHONY: iam-mutations
iam-mutations: ## Remove each IAM permission in turn and check that a test fails
	$(GO) test -c -o .tools/iammutations ./internal/proof/iammutations
	@cd internal/proof/iammutations && ../../../.tools/iammutations -all -test.run '^TestEveryPermissionIsMissed|^TestInReportModeRolesOnlyRead' -test.timeout 30m

# SEED plays one seed alone and prints its history.
.PHONY: sim
sim: ## Simulate companies under faults (seeds FROM=1 to SEEDS=2000, or SEED=17 to print one)
	$(GO) test -c -o .tools/simtest ./internal/proof/simtest
	@.tools/simtest $(if $(SEED),-test.v -test.run '^TestShare$$' -seed=$(SEED),-from=$(or $(FROM),1) -seeds=$(SEEDS))

.PHONY: sim-planted
sim-planted: ## Plant one bug at a time and count the seeds until the simulation catches it
	$(GO) test -c -o .tools/simtest ./internal/proof/simtest
	@cd internal/proof/simtest && ../../../.tools/simtest -test.run '^TestPlantedBugsAreCaught$$' -planted 3000 -test.timeout 0

.PHONY: load
load: ## Request a thousand connections over twenty cells and check every result (WITHIN=1m)
	$(GO) build -o .tools/load ./internal/proof/load
	@.tools/load -within $(WITHIN)

.PHONY: conformance
conformance: .venv-conformance/ready event-ruler iam-simulate lambda-rie aws-cli-2 ## Compare autopeer and the embedded cloud with independent implementations (JUDGE=name for one)
	@$(GO) build -o .tools/conformance ./internal/proof/conformance && .tools/conformance $(if $(JUDGE),-only $(JUDGE))

.venv-conformance/ready: internal/proof/conformance/requirements.txt
	$(PYTHON) -m venv .venv-conformance
	.venv-conformance/bin/pip install --quiet --disable-pip-version-check -r internal/proof/conformance/requirements.txt
	@touch $@

# AWS's emulator of Lambda's runtime. Without it, make reports that and runs the other comparisons.
.PHONY: lambda-rie
lambda-rie:
	@[ -e .tools/aws-lambda-rie-$(LAMBDA_RIE) ] || { GOBIN=$(CURDIR)/.tools $(GO) install \
		github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@$(LAMBDA_RIE) && touch .tools/aws-lambda-rie-$(LAMBDA_RIE); } \
		|| echo "AWS's runtime interface emulator could not be installed"

# Version 2 of the AWS CLI is in no registry of Python packages. Debian's package is unpacked, without root, over an environment
# with the packages that it imports. On other machines the comparison uses version 1 alone.
.PHONY: aws-cli-2
aws-cli-2:
	@[ -e .tools/awscli-2/ready ] || { rm -rf .tools/awscli-2 && mkdir -p .tools/awscli-2/package \
		&& (cd .tools/awscli-2 && apt-get download -qq awscli=$(AWS_CLI_2) && dpkg-deb -x awscli_*.deb package) \
		&& $(PYTHON) -m venv .tools/awscli-2 \
		&& .tools/awscli-2/bin/pip install --quiet --disable-pip-version-check -r internal/proof/conformance/clients/awscli-2.txt \
		&& cp -r .tools/awscli-2/package/usr/lib/python3/dist-packages/* .tools/awscli-2/lib/python3.*/site-packages/ \
		&& touch .tools/awscli-2/ready; } >/dev/null 2>&1 || echo "version 2 of the AWS CLI could not be installed"

# AWS's own matcher of event patterns runs on Java. Without it, make reports that and runs the other comparisons.
.PHONY: event-ruler
event-ruler:
	@[ -e .tools/event-ruler/ready ] || { mvn -q -B -f internal/proof/conformance/patterns/pom.xml dependency:copy-dependencies \
		-DoutputDirectory=$(CURDIR)/.tools/event-ruler && touch .tools/event-ruler/ready; } || echo "Event Ruler could not be fetched"

# Outside of the Go tree, because Go's tools would walk into the packages. Without Node, make reports that.
.PHONY: iam-simulate
iam-simulate: internal/proof/conformance/iam/package.json internal/proof/conformance/iam/package-lock.json
	@mkdir -p .tools/iam-simulate && { cmp -s $(word 2,$^) .tools/iam-simulate/ready || { rm -f .tools/iam-simulate/ready && cp $^ .tools/iam-simulate/ && \
		npm ci --silent --no-audit --no-fund --prefix .tools/iam-simulate && cp $(word 2,$^) .tools/iam-simulate/ready; }; } || echo "iam-simulate could not be fetched"

.PHONY: crash-points
crash-points: ## Kill functions at each of their calls in the labs and compare the results
	$(GO) test -c -o .tools/crashpoints ./internal/proof/crashpoints
	@.tools/crashpoints -all -test.timeout 30m

.PHONY: bench-synth
bench-synth: ## Measure the synthesis of 2 and of 60 cells
	$(GO) test ./infra/cell -run '^$$' -bench Synth -benchtime 3x

# The AWS CLI and the linters of templates, pinned, in their own virtual environment.
.venv/ready: infra/requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r infra/requirements.txt
	@touch $@

