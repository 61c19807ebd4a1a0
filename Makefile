# Go, make and Debian are all that is needed; every tool is pinned in go.mod.
GO ?= go
LINT := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: run test attack lint verify generate bench browser cover build help

run: ## Start the demo on embedded SQLite, http://127.0.0.1:8080; flags: make run ARGS='--addr 127.0.0.1:8090'
	$(GO) run . demo $(ARGS)

test: ## Run every test on SQLite and on a real PostgreSQL
	.ci/with-postgres $(GO) test -race -shuffle=on -timeout 40m ./...

attack: ## Attack the sealed releases of 20,000 and 100,000 synthetic clients; the figures of docs/disclosure-control.md
	JOL_ATTACK=1 $(GO) test ./models/indicators -run Attack -count=1 -timeout 60m -v

lint: ## gofmt, go vet and golangci-lint
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on the files above"; exit 1; }
	$(GO) vet ./...
	$(LINT) run --allow-parallel-runners ./...

generate: ## Write the generated files in docs/: OpenAPI, policy matrix, route list, state machines, golden files
	$(GO) test ./api ./models ./models/protocols ./models/exchange -run 'Golden|Generated|OpenAPI' -update

verify: ## Fail when a generated file or go.mod is not current, or FHIR output is not valid (needs Node.js 20)
	.ci/verify

bench: ## Benchmarks beside the bare framework and the bare database; about two minutes
	JOL_PG_DURABLE=1 .ci/with-postgres $(GO) test -run '^$$' -bench . -benchtime 1s ./api ./policies ./models/indicators ./models/protocols ./models/store/...

browser: ## Pictures of the protocol pages in Debian's chromium, to look at: /tmp/jol-browser
	.ci/browser /tmp/jol-browser

cover: ## Test coverage by package
	.ci/with-postgres $(GO) test -coverpkg=./... -coverprofile=cover.out ./... && $(GO) tool cover -func=cover.out | tail -n 1

build: ## Build the binary ./jol
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o jol .

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
