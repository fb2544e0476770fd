# Muster. `make run` boots a machine from the network, on this host; `make help` says the rest.
#
# Every target installs the Debian packages that it needs, and only those (boot/packages/*.txt), after saying which.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

INSTALL := boot/packages/install
SERVER_USER := boot/units/user
SWIFT_SOURCES := Package.swift Sources Tests $(wildcard Benchmarks)

INIT := Sources/Init/build
# What `muster --version` and the metric muster_build_info say; a `+` for changes that no commit has.
COMMIT = $$(git rev-parse --short=12 HEAD 2>/dev/null)$$(git diff --quiet HEAD 2>/dev/null || echo +)

.PHONY: help run test test-long simulate mutate build init deps format lint bench clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-11s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Serve a private network on this host and boot a virtual machine from it, its console here
	@$(INSTALL) run init
	@$(SERVER_USER)
	@$(INIT) $$(dpkg --print-architecture)
	@swift build --product muster
	@exec .build/debug/muster lab run --image boot/examples/hello/hello.yml --recipes boot/images

test: ## Prove it: format, units, then real firmware booting, each suite with its time
	@Tests/daemons $(INSTALL) run formats init test
	@$(SERVER_USER)
	@$(MAKE) lint
	@$(INIT) amd64 arm64
	@swift build --build-tests
	@Tests/protocol
	@Tests/packages
	@$(MAKE) simulate
	@Tests/run

test-long: ## What takes too long for every change: all, or SUITES="EndToEnd.GoodRollTests …"; writes Tests/LONG.md
	@Tests/daemons $(INSTALL) run formats init test
	@$(SERVER_USER)
	@$(INIT) amd64 arm64
	@swift build --build-tests
	@MUSTER_LONG=1 Tests/run --report Tests/LONG.md $(SUITES)

simulate: ## Roll simulated fleets while everything goes wrong: SEEDS=2000, or FROM=1 SEEDS=100000 for the night
	@swift build -c release --product rollout-simulation
	@.build/release/rollout-simulation --from $(or $(FROM),1) --seeds $(or $(SEEDS),2000)

mutate: ## Plant bugs in a copy of the rollout engine and see the simulation find them; writes Tests/Simulation/MUTATIONS.md
	@Tests/Simulation/mutate $(or $(SEEDS),2000)

build: ## The optimised executable, .build/release/muster
	@$(INSTALL) run
	@MUSTER_COMMIT=$(COMMIT) swift build -c release --product muster

init: ## The first process of our images, .build/init/<architecture>/init, for amd64 and arm64
	@$(INSTALL) run init
	@$(INIT) amd64 arm64

deps: ## Install everything that run, test and bench need
	@$(INSTALL) run formats init test bench
	@$(SERVER_USER)

format: ## Format the Swift sources in place
	@swift format --in-place --parallel --recursive $(SWIFT_SOURCES)

lint: ## Fail where `make format` would change something or a rule is broken
	@swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)

bench: ## Measure beside the peers; writes Benchmarks/RESULTS.md
	@$(INSTALL) run init bench
	@$(SERVER_USER)
	@$(INIT) amd64
	@MUSTER_COMMIT=$(COMMIT) swift build -c release --product muster
	@Benchmarks/run

clean: ## Remove what was built
	@rm -rf .build
