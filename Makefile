# SPDX-License-Identifier: Apache-2.0

SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help

MODULE  := github.com/demarc-dev/demarc
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X $(MODULE)/pkg/version.Version=$(VERSION) -X $(MODULE)/pkg/version.Commit=$(COMMIT)
IMAGE   ?= demarc:$(VERSION)
PLATFORM_ARCH ?= $(shell go env GOARCH)
# How long each fuzz target runs in `make test`, and how often in `make fuzz`.
FUZZTIME ?= 5s
FUZZEXECS ?= 1000000x

GOLANGCI := .cache/tools/golangci-lint-$(shell sed -n 's|.*golangci/golangci-lint/v2 \(v[^ ]*\).*|\1|p' hack/tools/go.mod)

.PHONY: help
help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/demarc: static, trimmed, version stamped.
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/demarc ./cmd/demarc

.PHONY: generate
generate: ## Write every generated file.
	go run ./hack/rulelist
	go run ./hack/generate
	go run ./hack/chartdocs

.PHONY: featuregates
featuregates: ## Make the table of feature gates anew from every Kubernetes release in it (about 15 minutes).
	go run ./hack/featuregates

.PHONY: alphaapis
alphaapis: ## Make the table of alpha APIs anew from the releases that the feature gates were read from.
	go run ./hack/alphaapis

.PHONY: lint
lint: $(GOLANGCI) ## Run the linters, and see them catch a planted offender on each floor.
	$(GOLANGCI) run ./...
	hack/lint-offenders.sh $(GOLANGCI)

$(GOLANGCI):
	@echo "building golangci-lint (about 3 minutes, once)"
	@mkdir -p $(dir $@)
	cd hack/tools && go build -o $(CURDIR)/$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: verify
verify: generate lint ## Generate, lint, then prove that nothing changed and nothing is untracked.
	go mod tidy -diff
	hack/verify-clean.sh

.PHONY: controlplane
controlplane: ## Build kube-apiserver, etcd and kubectl from Go modules (about 7 minutes, once).
	@hack/controlplane.sh >/dev/null

.PHONY: helm
helm: ## Build Helm 4 and Helm 3 from Go modules (about 5 minutes, once).
	@hack/helm.sh >/dev/null
	@hack/helm.sh 3 >/dev/null

.PHONY: chart-test
chart-test: helm ## Render the chart with Helm 4 and Helm 3, and look at what comes out.
	go test -tags chart -count=1 ./test/chart

.PHONY: test
test: controlplane helm ## Run every test: unit with the race detector, chart, real API server, fuzz targets briefly.
	FUZZTIME=$(FUZZTIME) hack/fuzz.sh
	hack/test.sh

.PHONY: unit
unit: ## Run the unit tests only.
	go test -race ./...

.PHONY: browser-test
browser-test: ## Look at the HTML report in a headless Chromium; installs Debian's if it is missing and you are root.
	hack/browser-test.sh

.PHONY: fuzz
fuzz: ## Run each fuzz target a million times.
	FUZZTIME=$(FUZZEXECS) hack/fuzz.sh

.PHONY: bench
bench: controlplane ## Run the benchmarks that the budgets are measured by (about 5 minutes).
	go test -run '^$$' -bench . -benchmem ./test/benchmark ./pkg/webhook/...
	go run ./test/benchmark/direct
	go run ./test/benchmark/apiserver

.PHONY: e2e
e2e: ## Test the chart on a real Kubernetes of one node (about 15 minutes); needs root and Debian's packages.
	hack/e2e.sh

.PHONY: demo
demo: build controlplane ## Play the story on a real local API server; ends by itself.
	go run ./test/demo

.PHONY: demo-up
demo-up: build controlplane ## The same cluster, left running; prints the KUBECONFIG lines.
	go run ./test/demo -up

.PHONY: image
image: ## Build the image with docker, podman or buildah, whichever is there.
	CGO_ENABLED=0 GOARCH=$(PLATFORM_ARCH) go build -trimpath -ldflags '$(LDFLAGS)' -o bin/linux/$(PLATFORM_ARCH)/demarc ./cmd/demarc
	hack/image.sh '$(IMAGE)' '$(PLATFORM_ARCH)' '$(VERSION)' '$(COMMIT)'
