package main

import (
	"flag"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/privval"
)

// signer serves a consensus key to a node's priv_validator_laddr, as CometBFT's own priv_val_server does; it dials until the node listens.
func signer(arguments []string) error {
	flags := flag.NewFlagSet("signer", flag.ExitOnError)
	address := flags.String("address", "", "where the node listens, HOST:PORT")
	chain := flags.String("chain-id", "", "chain id")
	key := flags.String("key", "", "priv_validator_key.json")
	state := flags.String("state", "", "priv_validator_state.json")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	logger := log.NewTMLogger(log.NewSyncWriter(os.Stdout))
	endpoint := privval.NewSignerDialerEndpoint(
		logger,
		privval.DialTCPFn(*address, 3*time.Second, ed25519.GenPrivKey()),
		privval.SignerDialerEndpointConnRetries(6_000),
		privval.SignerDialerEndpointRetryWaitInterval(100*time.Millisecond),
	)
	server := privval.NewSignerServer(endpoint, *chain, privval.LoadFilePV(*key, *state))
	if err := server.Start(); err != nil {
		return err
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
	return server.Stop()
}
