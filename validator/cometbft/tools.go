//go:build tools

// Package cometbft pins the consensus engine that Plasmid runs, unmodified, beside its application.
package cometbft

import (
	_ "github.com/cometbft/cometbft/cmd/cometbft"
)
