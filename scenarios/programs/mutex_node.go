// Mutual exclusion with Lamport's clocks, as in mutex_node.py: the same log for the same
// random numbers.
//
//	go build -o mutex_node runner_node.go mutex_node.go

package main

import (
	"fmt"
	"time"
)

type mutex struct {
	*Node
	clock  int
	inside bool
	// The clocks of the requests that are known, and of the newest message of each peer.
	queue, newest map[string]int
}

func newMutex(node *Node) Behavior {
	return &mutex{Node: node, queue: map[string]int{}, newest: map[string]int{}}
}

func (m *mutex) Start() {
	m.Set("inside", false)
	m.Set("clock", 0)
	m.wait()
}

func (m *mutex) Timer(name string) {
	switch name {
	case "ask":
		m.ask()
	case "leave":
		m.leave()
	}
}

func (m *mutex) Message(sender, text string) {
	var kind string
	var clock int
	if _, err := fmt.Sscan(text, &kind, &clock); err != nil {
		panic(err)
	}
	if m.clock < clock {
		m.clock = clock
	}
	m.clock++
	m.newest[sender] = clock
	switch kind {
	case "request":
		m.queue[sender] = clock
		m.tell([]string{sender}, "ack")
	case "release":
		delete(m.queue, sender)
	}
	m.enterIfFirst()
	m.Set("clock", m.clock)
}

func (m *mutex) ask() {
	m.queue[m.Name] = m.clock + 1
	m.tell(m.Peers, "request")
	m.Set("clock", m.clock)
	m.enterIfFirst()
}

func (m *mutex) enterIfFirst() {
	own, asked := m.queue[m.Name]
	if !asked || m.inside {
		return
	}
	for name, clock := range m.queue {
		// Equal clocks are ordered by name.
		if clock < own || clock == own && name < m.Name {
			return
		}
	}
	for _, peer := range m.Peers {
		if m.newest[peer] <= own {
			return
		}
	}
	m.inside = true
	m.Set("inside", true)
	m.Record("enter")
	m.SetTimer("leave", 20*time.Millisecond)
}

func (m *mutex) leave() {
	m.inside = false
	m.Set("inside", false)
	m.Record("leave")
	delete(m.queue, m.Name)
	m.tell(m.Peers, "release")
	m.Set("clock", m.clock)
	m.wait()
}

func (m *mutex) tell(peers []string, kind string) {
	m.clock++
	for _, peer := range peers {
		m.Send(peer, fmt.Sprintf("%s %d", kind, m.clock))
	}
}

func (m *mutex) wait() {
	m.SetTimer("ask", time.Duration(m.Random.UniformInt(10, 200))*time.Millisecond)
}

func main() { Run(newMutex, Resets) }
