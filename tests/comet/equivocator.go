package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/consensus"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/p2p/conn"
	"github.com/cometbft/cometbft/privval"
	wire "github.com/cometbft/cometbft/proto/tendermint/consensus"
	"github.com/cometbft/cometbft/proto/tendermint/types"
	core "github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"
)

// equivocator is a peer with a validator's key and no guard: at each height it prevotes nil to one half of its peers and a block that nobody proposed
// to the others. Each node is sent one vote; that they are two, the nodes find out by themselves.
func equivocator(arguments []string) error {
	flags := flag.NewFlagSet("equivocator", flag.ExitOnError)
	peers := flags.String("peers", "", "ID@HOST:PORT,… of two nodes or more")
	chain := flags.String("chain-id", "", "chain id")
	key := flags.String("key", "", "priv_validator_key.json")
	state := flags.String("state", "", "priv_validator_state.json, which is read only")
	index := flags.Int("index", -1, "the validator's place in CometBFT's set")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	file := privval.LoadFilePV(*key, *state)
	nodeKey := p2p.NodeKey{PrivKey: ed25519.GenPrivKey()}
	info := p2p.DefaultNodeInfo{
		ProtocolVersion: p2p.NewProtocolVersion(version.P2PProtocol, version.BlockProtocol, 0),
		DefaultNodeID:   nodeKey.ID(),
		ListenAddr:      "127.0.0.1:1",
		Network:         *chain,
		Version:         version.TMCoreSemVer,
		Channels:        []byte{consensus.StateChannel, consensus.DataChannel, consensus.VoteChannel, consensus.VoteSetBitsChannel},
		Moniker:         "equivocator",
	}
	settings := config.DefaultP2PConfig()
	settings.AllowDuplicateIP = true
	logger := log.NewTMLogger(log.NewSyncWriter(os.Stderr))
	transport := p2p.NewMultiplexTransport(info, nodeKey, p2p.MConnConfig(settings))
	network := p2p.NewSwitch(settings, transport)
	network.SetLogger(log.NewFilter(logger, log.AllowError()))
	network.SetNodeInfo(info)
	network.SetNodeKey(&nodeKey)
	addresses := strings.Split(*peers, ",")
	voter := &reactor{file: file, chain: *chain, index: int32(*index), wanted: len(addresses), said: json.NewEncoder(os.Stdout)}
	voter.BaseReactor = *p2p.NewBaseReactor("Equivocator", voter)
	network.AddReactor("EQUIVOCATOR", voter)
	if err := network.Start(); err != nil {
		return err
	}
	for _, address := range addresses {
		parsed, err := p2p.NewNetAddressString(address)
		if err != nil {
			return err
		}
		if err := network.DialPeerWithAddress(parsed); err != nil {
			return fmt.Errorf("%s: %w", address, err)
		}
	}
	<-voter.Quit()
	return errors.New("the peer has stopped")
}

type reactor struct {
	p2p.BaseReactor
	file   *privval.FilePV
	chain  string
	index  int32
	wanted int
	said   *json.Encoder

	mutex sync.Mutex
	peers []peer
	voted int64
}

// peer is a node and the height that it says it works at.
type peer struct {
	p2p.Peer
	height int64
}

func (r *reactor) GetChannels() []*conn.ChannelDescriptor {
	channel := func(id byte) *conn.ChannelDescriptor {
		return &conn.ChannelDescriptor{ID: id, Priority: 5, SendQueueCapacity: 100, RecvMessageCapacity: 1 << 20, MessageType: &wire.Message{}}
	}
	return []*conn.ChannelDescriptor{
		channel(consensus.StateChannel), channel(consensus.DataChannel), channel(consensus.VoteChannel), channel(consensus.VoteSetBitsChannel),
	}
}

func (r *reactor) AddPeer(one p2p.Peer) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.peers = append(r.peers, peer{Peer: one})
}

// Receive waits until all nodes are at one height, in which they still wait for a proposal or decide: a vote for another one is dropped.
func (r *reactor) Receive(envelope p2p.Envelope) {
	step, is := envelope.Message.(*wire.NewRoundStep)
	if !is {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	ready := len(r.peers) == r.wanted && step.Height > r.voted
	for place := range r.peers {
		if r.peers[place].ID() == envelope.Src.ID() {
			r.peers[place].height = step.Height
		}
		ready = ready && r.peers[place].height == step.Height
	}
	if !ready {
		return
	}
	r.voted = step.Height
	hash := sha256.Sum256([]byte(fmt.Sprint("a block that nobody proposed at ", step.Height)))
	made := core.BlockID{Hash: hash[:], PartSetHeader: core.PartSetHeader{Total: 1, Hash: hash[:]}}
	votes := []*types.Vote{r.prevote(step.Height, core.BlockID{}), r.prevote(step.Height, made)}
	sent := 0
	for place, one := range r.peers {
		which := 2 * place / len(r.peers)
		if one.Send(p2p.Envelope{ChannelID: consensus.VoteChannel, Message: &wire.Vote{Vote: votes[which]}}) {
			sent++
		}
	}
	_ = r.said.Encode(map[string]int64{"height": step.Height, "sent": int64(sent)})
}

func (r *reactor) prevote(height int64, block core.BlockID) *types.Vote {
	vote := core.Vote{
		Type: types.PrevoteType, Height: height, BlockID: block, Timestamp: time.Now().UTC(),
		ValidatorAddress: r.file.GetAddress(), ValidatorIndex: r.index,
	}
	signed := vote.ToProto()
	signature, err := r.file.Key.PrivKey.Sign(core.VoteSignBytes(r.chain, signed))
	if err != nil {
		panic(err)
	}
	signed.Signature = signature
	return signed
}
