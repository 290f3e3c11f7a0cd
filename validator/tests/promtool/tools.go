//go:build tools

// Package promtool pins the program that tests the alert rules, unmodified: `go build -tags remove_all_sd`, without which Go would
// build the clients of all clouds too. go.sum is what that build needs: made by the same command with `-mod=mod`, not by `go mod tidy`.
package promtool

import (
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
