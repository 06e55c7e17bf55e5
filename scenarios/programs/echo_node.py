"""Sends every message back to its sender."""

import runner_node


class Echo(runner_node.Node):
    def message(self, sender, text):
        self.send(sender, text)


runner_node.run(Echo, resets=True)
