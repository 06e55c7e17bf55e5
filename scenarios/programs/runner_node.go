// A node of a scenario as a program in Go. One file, Go 1.18 or newer, the standard library
// alone.
//
//	package main
//
//	type echo struct{ *Node }
//
//	func (e *echo) Message(sender, text string) { e.Send(sender, text) }
//
//	func main() { Run(func(node *Node) Behavior { return &echo{node} }) }
//
// Copy this file beside your program, and build both:
//
//	go build -o echo_node runner_node.go echo_node.go
//
// Write the methods of Behavior that matter; Node has the others. What a node can read are the
// fields of Node, what it can do its methods.
//
// A run repeats if the program takes all time from Time and all chance from Random, and does
// all that it does before a method returns: a goroutine that goes on is not waited for. The
// order of a map is different each time: sort its keys. fmt.Println writes to standard error
// here, which goes into the node's log: standard output belongs to the protocol (PROTOCOL.md).

package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/bits"
	"os"
	"strconv"
	"time"
	"unicode/utf8"
)

// Behavior is what the runner asks a node.
type Behavior interface {
	// Start is called when the node starts.
	Start()
	// Message is called with a message that was taken from the inbox: any bytes.
	Message(sender, text string)
	// Timer is called when a timer that you have set is due.
	Timer(name string)
	// Tick is called when a clocked node's tick found no message.
	Tick()
	// Connect and Disconnect are called with `connects = true` in the config.
	Connect(peer string)
	Disconnect(peer string)
	// Stop is called when the run ends.
	Stop()
}

// Node is what a node knows and can do. Embed it.
type Node struct {
	// Name is the node's name.
	Name string
	// Peers are the names of the nodes that it has links to, the next node first.
	Peers []string
	// Time is the node's local time in nanoseconds.
	Time uint64
	// Random are the node's random numbers.
	Random *Random
	// Real says whether the run is in real time.
	Real bool

	parameters json.RawMessage
	effects    []byte
}

func (node *Node) Start()                      {}
func (node *Node) Message(sender, text string) {}
func (node *Node) Timer(name string)           {}
func (node *Node) Tick()                       {}
func (node *Node) Connect(peer string)         {}
func (node *Node) Disconnect(peer string)      {}
func (node *Node) Stop()                       {}

// Parameters reads the config's `parameters` into what `into` points to, by the rules of
// encoding/json. What the config leaves out stays as it is.
func (node *Node) Parameters(into any) {
	if err := json.Unmarshal(node.parameters, into); err != nil {
		panic(fmt.Sprintf("parameters: %v", err))
	}
}

// Send sends text, or any bytes, to a peer.
func (node *Node) Send(peer, text string) {
	if utf8.ValidString(text) {
		node.do("send", peer, text)
	} else {
		encoded := base64.StdEncoding.EncodeToString([]byte(text))
		node.do("send", peer, map[string]string{"base64": encoded})
	}
}

// SendAll sends to every peer, in their order.
func (node *Node) SendAll(text string) {
	for _, peer := range node.Peers {
		node.Send(peer, text)
	}
}

// SetTimer calls Timer(name) after a span of local time. A pending timer of this name is
// replaced.
func (node *Node) SetTimer(name string, after time.Duration) { node.do("timer", name, int64(after)) }

// CancelTimer cancels a timer; nothing happens if there is none.
func (node *Node) CancelTimer(name string) { node.do("cancel", name) }

// Record writes a row with a word of the config's `events`.
func (node *Node) Record(word string) { node.do("record", word) }

// Set sets a column of the config's `columns`; nil empties it.
func (node *Node) Set(column string, value any) { node.do("set", column, value) }

// Print prints a line into the node's output.
func (node *Node) Print(line string) { node.do("print", line) }

// Close closes the connection to a peer after all messages to it are sent.
func (node *Node) Close(peer string) { node.do("close", peer) }

// StopRun ends the run after this step.
func (node *Node) StopRun(reason string) { node.do("stop", reason) }

// Fail fails the run.
func (node *Node) Fail(reason string) { node.do("fail", reason) }

// Reject rejects the message that is handled: do nothing else before or after.
func (node *Node) Reject(reason string) { node.do("reject", reason) }

func (node *Node) do(name string, parts ...any) {
	if len(node.effects) > 1 {
		node.effects = append(node.effects, ',')
	}
	node.effects = append(append(node.effects, `["`...), name...)
	node.effects = append(node.effects, '"')
	for _, part := range parts {
		text, err := json.Marshal(part)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		node.effects = append(append(node.effects, ','), text...)
	}
	node.effects = append(node.effects, ']')
}

// Resets says that the program can begin anew: one process serves many runs one after the
// other, each with a new node. Keep nothing in global variables.
const Resets = "reset"

// Run answers the runner until it closes the input. `create` returns the behavior of a new
// node. The only option is Resets.
func Run(create func(*Node) Behavior, options ...string) {
	answers := os.Stdout
	// A Println that was forgotten is for people.
	os.Stdout = os.Stderr
	ready := []byte("{}\n")
	for _, option := range options {
		if option != Resets {
			panic("there is no option " + option)
		}
		ready = []byte("{\"reset\":true}\n")
	}
	var node *Node
	var behavior Behavior
	lines := bufio.NewReaderSize(os.Stdin, 1<<16)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		if err != nil {
			panic(err)
		}
		request := request{}
		if err := json.Unmarshal(line, &request); err != nil {
			panic(fmt.Sprintf("%v in %s", err, line))
		}
		answer := ready
		if request.Type == "init" {
			node = request.node()
			behavior = create(node)
			node.effects = nil
		} else {
			node.Time = request.Time
			node.effects = append(node.effects[:0], '[')
			request.call(behavior)
			node.effects = append(node.effects, "]\n"...)
			answer = node.effects
		}
		if _, err := answers.Write(answer); err != nil {
			// The runner is gone, and nobody waits for an answer.
			return
		}
	}
}

// A line of the runner.
type request struct {
	Type       string
	Time       uint64
	From       string
	Text       string
	Base64     []byte
	Timer      any
	Peer       string
	Node       string
	Peers      []string
	Parameters json.RawMessage
	Random     [4]string
	Real       bool
}

func (request *request) node() *Node {
	random := &Random{}
	for index, word := range request.Random {
		bits, err := strconv.ParseUint(word, 16, 64)
		if err != nil {
			panic(err)
		}
		random.words[index] = bits
	}
	return &Node{
		Name:       request.Node,
		Peers:      request.Peers,
		Time:       request.Time,
		Random:     random,
		Real:       request.Real,
		parameters: append(json.RawMessage{}, request.Parameters...),
	}
}

func (request *request) call(behavior Behavior) {
	switch request.Type {
	case "message":
		text := request.Text
		if request.Base64 != nil {
			text = string(request.Base64)
		}
		behavior.Message(request.From, text)
	case "tick":
		behavior.Tick()
	case "timer":
		behavior.Timer(fmt.Sprint(request.Timer))
	case "start":
		behavior.Start()
	case "connect":
		behavior.Connect(request.Peer)
	case "disconnect":
		behavior.Disconnect(request.Peer)
	case "stop":
		behavior.Stop()
	default:
		panic("this module does not know the callback " + request.Type)
	}
}

// Random are the random numbers of the node: the very stream that a compiled behavior draws
// from (xoshiro256++ 1.0, Blackman and Vigna 2021), with the same methods, so that both draw
// the same numbers.
type Random struct{ words [4]uint64 }

// Uint64 returns 64 random bits.
func (random *Random) Uint64() uint64 {
	w := &random.words
	draw := bits.RotateLeft64(w[0]+w[3], 23) + w[0]
	shifted := w[1] << 17
	w[2] ^= w[0]
	w[3] ^= w[1]
	w[1] ^= w[2]
	w[0] ^= w[3]
	w[2] ^= shifted
	w[3] = bits.RotateLeft64(w[3], 45)
	return draw
}

// UniformInt returns a whole number from low to high, both included.
func (random *Random) UniformInt(low, high int) int {
	return int(random.span(uint64(low), uint64(high), high <= low))
}

// UniformUint64 is UniformInt for numbers up to 2^64 - 1.
func (random *Random) UniformUint64(low, high uint64) uint64 {
	return random.span(low, high, high <= low)
}

func (random *Random) span(low, high uint64, none bool) uint64 {
	switch {
	case none:
		return low
	case high-low == 1<<64-1:
		return random.Uint64()
	}
	return low + random.below(high-low+1)
}

// Index returns an index below count; 0 if count is 0.
func (random *Random) Index(count int) int {
	if count == 0 {
		return 0
	}
	return int(random.below(uint64(count)))
}

// Unit returns a number from 0 (included) to 1 (excluded).
func (random *Random) Unit() float64 { return float64(random.Uint64()>>11) / (1 << 53) }

// Chance returns true with this probability.
func (random *Random) Chance(probability float64) bool { return random.Unit() < probability }

// Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29(1), 2019.
func (random *Random) below(count uint64) uint64 {
	high, low := bits.Mul64(random.Uint64(), count)
	if low < count {
		for threshold := -count % count; low < threshold; {
			high, low = bits.Mul64(random.Uint64(), count)
		}
	}
	return high
}
