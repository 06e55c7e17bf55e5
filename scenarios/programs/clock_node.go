// A scale-model machine with a Lamport clock: what the behavior `clock.machine` does, line by
// line, with its encoding "text". For the same random numbers, or the same `script`, it writes
// the same log.
//
//	go build -o clock_node runner_node.go clock_node.go

package main

import "strconv"

type machine struct {
	*Node
	clock, rolls int
	config       struct {
		Faces  int
		Script []int
	}
}

func newMachine(node *Node) Behavior {
	m := &machine{Node: node}
	m.config.Faces = 10
	node.Parameters(&m.config)
	return m
}

func (m *machine) Start() { m.Set("clock", 0) }

func (m *machine) Message(sender, text string) {
	received, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	if received < m.clock {
		received = m.clock
	}
	m.advance(received)
}

func (m *machine) Tick() {
	roll := m.roll()
	m.advance(m.clock)
	receivers := m.receivers(roll)
	for _, peer := range receivers {
		m.Send(peer, strconv.Itoa(m.clock))
	}
	if len(receivers) == 0 {
		m.Record("internal")
	}
}

func (m *machine) advance(before int) {
	m.clock = before + 1
	m.Set("clock", m.clock)
}

func (m *machine) roll() int {
	script := m.config.Script
	if len(script) == 0 {
		return m.Random.UniformInt(1, m.config.Faces)
	}
	m.rolls++
	return script[(m.rolls-1)%len(script)]
}

func (m *machine) receivers(roll int) []string {
	others := len(m.Peers)
	switch {
	case roll > 3 || others == 0:
		return nil
	case others == 1:
		return m.Peers
	case others == 2 && roll == 3:
		return m.Peers
	case others == 2:
		return m.Peers[roll-1 : roll]
	}
	first := m.Random.UniformInt(0, others-1)
	if roll < 3 {
		return m.Peers[first : first+1]
	}
	// The second is drawn from the rest; the indices from `first` on are one higher.
	second := m.Random.UniformInt(0, others-2)
	if second >= first {
		second++
	}
	return []string{m.Peers[first], m.Peers[second]}
}

func main() { Run(newMachine, Resets) }
