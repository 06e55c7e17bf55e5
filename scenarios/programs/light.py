"""A traffic light: python3 light.py NAME PORT [HOST]

Shows the colour that a datagram of exactly R, G or Y says, and ignores all else.
A program that knows nothing of the runner; traffic-real.toml makes it a node.
"""

import socket
import sys

name, port, host = sys.argv[1], int(sys.argv[2]), (sys.argv[3:] or ["127.0.0.1"])[0]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as light:
    light.bind((host, port))
    print(f"{name}: R", flush=True)
    while True:
        message, _ = light.recvfrom(65536)
        if message in (b"R", b"G", b"Y"):
            print(f"{name}: {message.decode()}", flush=True)
