"""A node of a scenario as a Python program. One file, Python 3.8 or newer, no dependencies.

    import runner_node

    class Echo(runner_node.Node):
        def message(self, sender, text):
            self.send(sender, text)

    runner_node.run(Echo)

Copy this file beside your program. Write the methods that matter:

    start()                     the node starts
    message(sender, text)       a message was taken from the inbox; text is a str, or bytes
                                where it is not UTF-8
    timer(name)                 a timer that you have set is due
    tick()                      a clocked node's tick found no message
    connect(peer), disconnect(peer)     with `connects = true` in the config
    stop()                      the run ends

To read: self.name, self.peers (names, the next node first), self.parameters, self.time (the
node's local time in nanoseconds), self.random, self.real (whether the run is in real time).

To do, in any method but __init__: self.send(peer, text), self.set_timer(name, after),
self.cancel_timer(name), self.record(word), self.set(column=value), self.print(line),
self.close(peer), self.stop_run(reason), self.fail(reason), self.reject(reason).

A run repeats if the program takes all time from self.time and all chance from self.random.
Python's own print writes to standard error here, which goes into the node's log: standard
output belongs to the protocol (PROTOCOL.md).
"""

import base64
import json
import os
import sys

_MASK = (1 << 64) - 1


class Random:
    """The random numbers of the node: the very stream that a compiled behavior draws from
    (xoshiro256++ 1.0, Blackman and Vigna 2021), with the same methods, so that both draw the
    same numbers."""

    def __init__(self, words):
        self._words = list(words)

    def next_u64(self):
        """64 random bits."""
        a, b, c, d = self._words
        draw = (a + d) & _MASK
        draw = ((draw << 23 | draw >> 41) + a) & _MASK
        c ^= a
        d ^= b
        self._words = [
            a ^ d,
            b ^ c,
            c ^ (b << 17 & _MASK),
            (d << 45 | d >> 19) & _MASK,
        ]
        return draw

    def uniform_int(self, low, high):
        """A whole number from low to high, both included."""
        if high <= low:
            return low
        if high - low == _MASK:
            return self.next_u64()
        return low + self._below(high - low + 1)

    def index(self, count):
        """An index below count; 0 if count is 0."""
        return self._below(count) if count else 0

    def choice(self, items):
        """One of the items of a sequence."""
        return items[self.index(len(items))]

    def unit(self):
        """A number from 0 (included) to 1 (excluded)."""
        return (self.next_u64() >> 11) * (1.0 / (1 << 53))

    def chance(self, probability):
        """True with this probability."""
        return self.unit() < probability

    def _below(self, count):
        # Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29(1), 2019.
        product = self.next_u64() * count
        if product & _MASK < count:
            threshold = (1 << 64) % count
            while product & _MASK < threshold:
                product = self.next_u64() * count
        return product >> 64


class Node:
    """A node. Write a class that inherits from it, and the methods that matter."""

    name = ""
    peers = ()
    parameters = {}
    time = 0
    random = None
    real = False
    _effects = None

    def __init__(self):
        pass

    def start(self):
        pass

    def message(self, sender, text):
        pass

    def timer(self, name):
        pass

    def tick(self):
        pass

    def connect(self, peer):
        pass

    def disconnect(self, peer):
        pass

    def stop(self):
        pass

    def send(self, peer, text):
        """Sends text (str) or bytes to a peer."""
        if not isinstance(text, str):
            text = {"base64": base64.b64encode(text).decode("ascii")}
        self._effects.append(("send", peer, text))

    def send_all(self, text):
        """Sends to every peer, in their order."""
        for peer in self.peers:
            self.send(peer, text)

    def set_timer(self, name, after):
        """Calls timer(name) after a span: nanoseconds (int), or a text such as "1.5s". A
        pending timer of this name is replaced."""
        self._effects.append(("timer", name, after))

    def cancel_timer(self, name):
        self._effects.append(("cancel", name))

    def record(self, word):
        """Writes a row with a word of the config's `events`."""
        self._effects.append(("record", word))

    def set(self, **columns):
        """Sets columns of the config's `columns`; None empties one."""
        for column, value in columns.items():
            self._effects.append(("set", column, value))

    def print(self, line):
        """Prints a line into the node's output."""
        self._effects.append(("print", line))

    def close(self, peer):
        self._effects.append(("close", peer))

    def stop_run(self, reason):
        """Ends the run after this step."""
        self._effects.append(("stop", reason))

    def fail(self, reason):
        """Fails the run."""
        self._effects.append(("fail", reason))

    def reject(self, reason):
        """Rejects the message that is handled: do nothing else before or after."""
        self._effects.append(("reject", reason))


def run(make, resets=False):
    """Answers the runner until it closes the input. `make` is a class that inherits from
    Node, or another function that returns a node. With `resets`, one process serves many
    runs one after the other: each gets a new node, so keep nothing in global variables."""
    answers = os.dup(1)
    # A print that was forgotten is for people.
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    lines = os.fdopen(os.dup(0), "rb", 1 << 16)
    encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
    # Ten times as fast as json.loads with bytes, which first finds out their encoding.
    decode = json.JSONDecoder().raw_decode
    node = None
    try:
        for line in lines:
            request = decode(line.decode("utf-8"))[0]
            kind = request["type"]
            if kind == "init":
                node = _made(make, request)
                answer = '{"reset":true}' if resets else "{}"
            else:
                effects = node._effects = []
                node.time = request["time"]
                if kind == "message":
                    text = request.get("text")
                    if text is None:
                        text = base64.b64decode(request["base64"])
                    node.message(request["from"], text)
                elif kind == "tick":
                    node.tick()
                elif kind == "timer":
                    node.timer(request["timer"])
                elif kind == "start":
                    node.start()
                elif kind == "connect":
                    node.connect(request["peer"])
                elif kind == "disconnect":
                    node.disconnect(request["peer"])
                elif kind == "stop":
                    node.stop()
                else:
                    raise ValueError("this module does not know the callback %r" % kind)
                answer = encode(effects) if effects else "[]"
            sys.stderr.flush()
            _write(answers, answer.encode("utf-8") + b"\n")
    except BrokenPipeError:
        # The runner is gone, and nobody waits for an answer.
        pass


def _made(make, request):
    """The node of a run. It knows its name before its __init__."""
    class_ = make if isinstance(make, type) else Node
    facts = {
        "name": request["node"],
        "peers": request["peers"],
        "parameters": request["parameters"],
        "time": request["time"],
        "random": Random(int(word, 16) for word in request["random"]),
        "real": request["real"],
    }
    if class_ is make:
        node = class_.__new__(class_)
        node.__dict__.update(facts)
        node.__init__()
    else:
        node = make()
        node.__dict__.update(facts)
    return node


def _write(descriptor, data):
    while data:
        data = data[os.write(descriptor, data):]
