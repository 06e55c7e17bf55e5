"""A server on plain sockets, one connection at a time.

    server.py MODE

Prints its port and serves until its standard input ends. A mode with the name of a framing
replies to each message with the message in upper case, in the same framing. The framings are
written from their description, without the runner's code.
"""

import os
import socket
import struct
import sys
import threading


def exactly(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def until(connection, end):
    data = b""
    while not data.endswith(end):
        data += exactly(connection, 1)
    return data


def decimal(width):
    def read(connection):
        return exactly(connection, int(exactly(connection, width)))

    def write(message):
        return b"%*d" % (width, len(message)) + message

    return read, write


def binary(form):
    def read(connection):
        (length,) = struct.unpack(form, exactly(connection, struct.calcsize(form)))
        return exactly(connection, length)

    def write(message):
        return struct.pack(form, len(message)) + message

    return read, write


def typed():
    def read(connection):
        (length,) = struct.unpack("!I", exactly(connection, 4))
        kind = exactly(connection, 1)
        return kind + exactly(connection, length)

    def write(message):
        return struct.pack("!I", len(message) - 1) + message

    return read, write


def colon():
    def read(connection):
        return exactly(connection, int(until(connection, b":")[:-1]))

    def write(message):
        return str(len(message)).encode() + b":" + message

    return read, write


def line():
    return (
        lambda connection: until(connection, b"\n")[:-1],
        lambda message: message + b"\n",
    )


def resp():
    def read(connection):
        return until(connection, b"\r\n")[:-2]

    def write(message):
        return b"*2\r\n$%d\r\n%s\r\n:%d\r\n" % (len(message), message, len(message))

    return read, write


FRAMINGS = {
    "decimal10": decimal(10),
    "decimal12": decimal(12),
    "u32be": binary("!I"),
    "u64be": binary("!Q"),
    "typed-u32be": typed(),
    "digits-colon": colon(),
    "line": line(),
    "line6": line(),
    "resp": resp(),
}


def serve(mode, connection):
    if mode in FRAMINGS:
        read, write = FRAMINGS[mode]
        while True:
            connection.sendall(write(read(connection).upper()))
    if mode == "stream":
        # Replies while it still receives: a client that writes everything before it
        # reads anything would block for ever.
        while data := connection.recv(65536):
            connection.sendall(data.upper())
    if mode == "trickle":
        read, write = FRAMINGS["decimal10"]
        while True:
            for byte in write(read(connection).upper()):
                connection.sendall(bytes([byte]))
    if mode == "twice":
        read, write = FRAMINGS["line"]
        message = read(connection)
        connection.sendall(write(message + b" 1") + write(message + b" 2"))
        read(connection)
        until(connection, b"never")
    if mode == "greets":
        connection.sendall(b"it is noon")
    if mode == "hangs-up":
        until(connection, b"\n")
    if mode == "breaks-off":
        until(connection, b"\n")
        connection.sendall(b"        10half")
    if mode == "web":
        until(connection, b"\n")
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        until(connection, b"never")
    if mode == "silent":
        until(connection, b"never")
    if mode == "dawdles":
        until(connection, b"\n")
        connection.sendall(b"        10half")
        until(connection, b"never")
    if mode == "listens":
        while data := connection.recv(65536):
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
        print("end", flush=True)


def stream_server(mode):
    family = socket.AF_INET6 if mode == "line6" else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.bind(("::1" if mode == "line6" else "127.0.0.1", 0))
    except OSError:
        # A machine without IPv6.
        print("none", flush=True)
        return
    if mode != "bound":
        listener.listen()
    print(listener.getsockname()[1], flush=True)
    while mode != "bound":
        connection, _ = listener.accept()
        try:
            serve(mode, connection)
        except (EOFError, OSError):
            pass
        connection.close()
    threading.Event().wait()


def datagram_server(mode):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    print(sock.getsockname()[1], flush=True)
    while True:
        data, source = sock.recvfrom(65536)
        if mode == "udp-silent":
            continue
        sock.sendto(data.upper(), source)


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
mode = sys.argv[1]
(datagram_server if mode.startswith("udp") else stream_server)(mode)
