package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"time"

	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/proto/tendermint/types"
)

// asked is a vote (type 1 or 2) or a proposal (32). Without a block it is for nil.
type asked struct {
	Type      int32  `json:"type"`
	Height    int64  `json:"height"`
	Round     int32  `json:"round"`
	Hash      string `json:"hash"`
	Parts     uint32 `json:"parts"`
	PartsHash string `json:"parts_hash"`
	Secs      int64  `json:"secs"`
	Nanos     int64  `json:"nanos"`
	Extension string `json:"extension"`
	Chain     string `json:"chain"`
}

// signed says what left the key, or why nothing did. The time is the one that was signed.
type signed struct {
	Signature          string `json:"signature"`
	ExtensionSignature string `json:"extension_signature"`
	Secs               int64  `json:"secs"`
	Nanos              int64  `json:"nanos"`
	Refused            string `json:"refused"`
}

// guard answers requests, one JSON object a line, by CometBFT's own guard of a key in a file.
func guard(arguments []string) error {
	flags := flag.NewFlagSet("guard", flag.ExitOnError)
	key := flags.String("key", "", "priv_validator_key.json")
	state := flags.String("state", "", "priv_validator_state.json")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	file := privval.LoadFilePV(*key, *state)
	lines := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var request asked
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			return err
		}
		answer, err := answer(file, request)
		if err != nil {
			return err
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func answer(file *privval.FilePV, request asked) (signed, error) {
	id, err := blockID(request)
	if err != nil {
		return signed{}, err
	}
	extension, err := hex.DecodeString(request.Extension)
	if err != nil {
		return signed{}, err
	}
	at := time.Unix(request.Secs, request.Nanos).UTC()
	var answer signed
	if request.Type == int32(types.ProposalType) {
		proposal := types.Proposal{
			Type: types.ProposalType, Height: request.Height, Round: request.Round, PolRound: -1, BlockID: id, Timestamp: at,
		}
		err = file.SignProposal(request.Chain, &proposal)
		at, answer.Signature = proposal.Timestamp, hex.EncodeToString(proposal.Signature)
	} else {
		vote := types.Vote{
			Type: types.SignedMsgType(request.Type), Height: request.Height, Round: request.Round, BlockID: id, Timestamp: at, Extension: extension,
		}
		err = file.SignVote(request.Chain, &vote)
		at, answer.Signature = vote.Timestamp, hex.EncodeToString(vote.Signature)
		answer.ExtensionSignature = hex.EncodeToString(vote.ExtensionSignature)
	}
	if err != nil {
		return signed{Refused: err.Error()}, nil
	}
	answer.Secs, answer.Nanos = at.Unix(), int64(at.Nanosecond())
	return answer, nil
}

func blockID(request asked) (types.BlockID, error) {
	hash, err := hex.DecodeString(request.Hash)
	if err != nil || len(hash) == 0 {
		return types.BlockID{}, err
	}
	parts, err := hex.DecodeString(request.PartsHash)
	return types.BlockID{Hash: hash, PartSetHeader: types.PartSetHeader{Total: request.Parts, Hash: parts}}, err
}
