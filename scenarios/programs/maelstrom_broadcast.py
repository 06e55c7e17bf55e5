#!/usr/bin/env python3
"""A node of a broadcast cluster that speaks Maelstrom's protocol.

A new value is told to all neighbours until they acknowledge it: again every RETRY seconds,
so that a partition delays it, and loses nothing. A node that starts, perhaps again after a
crash, asks its neighbours for all that they have. One file, no dependencies.
"""

import json
import select
import sys
import time

RETRY = 0.2  # seconds


class Node:
    def __init__(self):
        self.id = None
        self.neighbours = []
        self.next_id = 0
        self.missing = []  # the neighbours that have not told what they have
        self.seen = set()
        self.next_try = 0
        self.unacknowledged = {}  # msg_id -> (neighbour, value, when it was sent)

    def send(self, dest, body):
        print(json.dumps({"src": self.id, "dest": dest, "body": body}), flush=True)

    def reply(self, request, body):
        body["in_reply_to"] = request["body"]["msg_id"]
        self.send(request["src"], body)

    def tell(self, neighbour, value):
        self.next_id += 1
        self.unacknowledged[self.next_id] = (neighbour, value, time.monotonic())
        self.send(neighbour, {"type": "gossip", "msg_id": self.next_id, "value": value})

    def catch_up(self):
        for neighbour in self.missing:
            self.send(neighbour, {"type": "all"})

    def learn(self, value, sender):
        if value not in self.seen:
            self.seen.add(value)
            for neighbour in self.neighbours:
                if neighbour != sender:
                    self.tell(neighbour, value)

    def handle(self, message):
        body = message["body"]
        kind = body["type"]
        if kind == "init":
            self.id = body["node_id"]
            self.neighbours = [it for it in body["node_ids"] if it != self.id]
            self.reply(message, {"type": "init_ok"})
        elif kind == "topology":
            self.neighbours = body["topology"][self.id]
            self.reply(message, {"type": "topology_ok"})
            self.missing = list(self.neighbours)
            self.catch_up()
        elif kind == "broadcast":
            # First told, then acknowledged: what was acknowledged outlives a crash.
            self.learn(body["message"], message["src"])
            self.reply(message, {"type": "broadcast_ok"})
        elif kind == "read":
            self.reply(message, {"type": "read_ok", "messages": sorted(self.seen)})
        elif kind == "gossip":
            self.learn(body["value"], message["src"])
            self.reply(message, {"type": "gossip_ok"})
        elif kind == "gossip_ok":
            self.unacknowledged.pop(body["in_reply_to"], None)
        elif kind == "all":
            self.send(message["src"], {"type": "all_ok", "values": sorted(self.seen)})
        elif kind == "all_ok":
            for value in body["values"]:
                self.learn(value, message["src"])
            if message["src"] in self.missing:
                self.missing.remove(message["src"])
        else:
            self.reply(message, {"type": "error", "code": 10, "text": f"unknown: {kind}"})

    def tell_again(self):
        now = time.monotonic()
        if now < self.next_try:
            return
        self.next_try = now + RETRY / 2
        self.catch_up()
        late = now - RETRY
        for number, (neighbour, value, sent) in list(self.unacknowledged.items()):
            if sent <= late:
                del self.unacknowledged[number]
                self.tell(neighbour, value)


def main():
    node = Node()
    buffered = b""
    while True:
        if select.select([0], [], [], RETRY / 2)[0]:
            piece = sys.stdin.buffer.raw.read(65536)
            if not piece:
                return
            *lines, buffered = (buffered + piece).split(b"\n")
            for line in lines:
                node.handle(json.loads(line))
        node.tell_again()


main()
