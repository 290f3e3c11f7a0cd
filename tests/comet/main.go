// Command comet-tester does what tests need of the pinned CometBFT beside an unmodified node: it holds a consensus key behind the privval
// protocol, answers with CometBFT's own guard of that key, and is a peer that says two things.
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{"signer": signer, "guard": guard, "equivocator": equivocator}
	if len(os.Args) > 1 {
		if command, known := commands[os.Args[1]]; known {
			if err := command(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		}
	}
	fmt.Fprintln(os.Stderr, "the command is one of signer, guard and equivocator")
	os.Exit(2)
}
