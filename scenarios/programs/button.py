"""A button: python3 button.py HOST PORT [SECONDS...]

Sends a datagram at each of these times and then waits to be ended; without times,
whenever you press Enter. A program that knows nothing of the runner;
traffic-real.toml makes it a node.
"""

import signal
import socket
import sys
import time

start = time.monotonic()
controller = (sys.argv[1], int(sys.argv[2]))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as button:

    def press():
        button.sendto(b"press", controller)
        print("pressed", flush=True)

    for seconds in sys.argv[3:]:
        time.sleep(max(0, start + float(seconds) - time.monotonic()))
        press()
    if sys.argv[3:]:
        signal.pause()
    for _ in sys.stdin:
        press()
