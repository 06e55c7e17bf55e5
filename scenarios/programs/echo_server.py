"""Sends each line back in upper case: python3 echo_server.py HOST PORT

A program that knows nothing of the runner; echo-python.toml makes it a node.
"""

import socketserver
import sys


class Echo(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self):
        lines = 0
        for line in self.rfile:
            self.wfile.write(line.upper())
            lines += 1
        print(f"a connection closed after {lines} lines")


class Server(socketserver.ThreadingTCPServer):
    """One thread per connection, none of which keeps the program alive."""

    allow_reuse_address = True
    daemon_threads = True


with Server((sys.argv[1], int(sys.argv[2])), Echo) as server:
    print("listening on port", server.server_address[1])
    server.serve_forever()
