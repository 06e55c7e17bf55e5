"""Sends ten lines and compares the replies: python3 echo_client.py HOST PORT

A program that knows nothing of the runner; echo-python.toml makes it a node.
"""

import socket
import sys

with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    with connection.makefile("rwb") as stream:
        for number in range(10):
            line = b"line %d\n" % number
            stream.write(line)
            stream.flush()
            reply = stream.readline()
            if reply != line:
                sys.exit(f"sent {line!r}, got {reply!r}")
        print("10 lines came back")
        stream.read()  # until the server closes
