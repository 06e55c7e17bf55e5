// Sends every message back to its sender.
//
//	go build -o echo_node runner_node.go echo_node.go

package main

type echo struct{ *Node }

func (e *echo) Message(sender, text string) { e.Send(sender, text) }

func main() { Run(func(node *Node) Behavior { return &echo{node} }, Resets) }
