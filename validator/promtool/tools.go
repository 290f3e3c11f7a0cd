//go:build tools

// Package promtool pins Prometheus' promtool, which tests the alert rules in docs/monitoring.
package promtool

import (
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
