"""Attacks servers of the runner, and prints what that costs them: a table in Markdown.

    python3 tests/attacks/run.py [--small] [--write] [--runner target/release/runner]

Each attack has a server of its own, and an honest client that asks all the time. Measured are
the memory that the runner takes more than before the attack, its open descriptors, the bytes
of the run's folder, the longest wait of the honest client, and the time from SIGTERM until the
runner has ended. The command fails if a bound is exceeded. `--small` is a tenth of each attack,
for every change; `--write` puts the table into tests/README.md. Loopback only, Linux only.
"""

import argparse
import os
import pathlib
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

MIB = 1 << 20
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import figures  # noqa: E402

# The default of `max_buffered`; the allocator may hold as much again.
MEMORY = 2 * 256 * MIB
# 100,000 rows of clients, and what the honest client causes.
LOG = 16 * MIB
# How long an honest client may wait, and the runner may take to end [s].
WAIT = 5.0
END = 5.0

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--runner", default=str(ROOT / "target/release/runner"))
parser.add_argument("--small", action="store_true", help="a tenth of each attack")
parser.add_argument("--write", action="store_true", help="put the table into tests/README.md")
options = parser.parse_args()
options.runner = os.path.abspath(options.runner)


def scaled(number):
    return number // 10 if options.small else number


def frame(message):
    return struct.pack(">I", len(message)) + message


class Server:
    """A runner with one listening node, and an honest client of it."""

    def __init__(self, scenario, ask, reply, descriptors=None):
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name)
        (path / "a.toml").write_text(f'name = "a"\ntime = "real"\n{scenario}')

        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        words = [options.runner, "a.toml", "--no-report", "--out", "out"]
        self.process = subprocess.Popen(
            words, cwd=path, stdout=subprocess.PIPE, text=True, preexec_fn=limit
        )
        self.said, self.addresses = [], []
        while not self.addresses:
            line = self.process.stdout.readline()
            if not line:
                sys.exit(f"the runner ended: {self.said}")
            self.said.append(line)
            found = re.search(r"listens on (?:tcp|udp) 127.0.0.1:(\d+)", line)
            if found:
                self.addresses.append(("127.0.0.1", int(found[1])))
        self.address = self.addresses[0]
        threading.Thread(target=self.drain, daemon=True).start()
        self.before = self.memory()
        self.peak, self.most_descriptors, self.longest = self.before, 0, 0.0
        self.answers, self.going = 0, True
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.honest = threading.Thread(target=self.be_honest, args=(ask, reply), daemon=True)
        self.watcher.start()
        self.honest.start()

    def drain(self):
        self.said += self.process.stdout

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) << 10

    def watch(self):
        while self.going:
            try:
                self.peak = max(self.peak, self.memory())
                held = len(os.listdir(f"/proc/{self.process.pid}/fd"))
                self.most_descriptors = max(self.most_descriptors, held)
            except (OSError, TypeError):
                return
            time.sleep(0.005)

    def be_honest(self, ask, reply):
        """Asks again and again over one connection."""
        with socket.create_connection(self.address) as client:
            client.settimeout(60)
            while self.going:
                begun = time.monotonic()
                try:
                    client.sendall(ask)
                    got = b""
                    while len(got) < len(reply):
                        more = client.recv(len(reply) - len(got))
                        if not more:
                            return
                        got += more
                except OSError:
                    return
                if got == reply:
                    self.answers += 1
                self.longest = max(self.longest, time.monotonic() - begun)
                time.sleep(0.002)

    def connect(self):
        return socket.create_connection(self.address, timeout=60)

    def end(self):
        """Ends the runner; returns the time that took."""
        asked = self.answers
        patience = time.monotonic() + 60
        while self.answers < asked + 2 and time.monotonic() < patience:
            time.sleep(0.005)
        served = self.answers > asked
        self.going = False
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(120)
        took = time.monotonic() - begun
        if not served:
            sys.exit("the honest client is not served any more")
        if code != 143:
            sys.exit(f"exit code {code}, expected 143: {''.join(self.said)}")
        return took

    def log_bytes(self):
        runs = pathlib.Path(self.folder.name, "out/runs")
        return sum(file.stat().st_size for file in runs.rglob("*") if file.is_file())


ECHO = '[nodes.server]\nbehavior = "echo.server"\n[[nodes.server.listen]]\ntcp = "127.0.0.1:0"\n'
ECHO += 'framing = "u32be"\n'
HONEST = (frame(b"hello"), frame(b"hello"))
STORE = ECHO.replace("echo.server", "kv.server").replace("u32be", "line")
MACHINE = """[nodes.machine]\nbehavior = "clock.machine"\ntick_rate = 1000
config = { encoding = "text", faces = 1000000000 }\n[[nodes.machine.listen]]\ntcp = "127.0.0.1:0"\nframing = "line"
"""


def send_all(client, data):
    """Sends as much as the other end takes within a moment; returns whether that was all."""
    client.settimeout(0.05)
    try:
        client.sendall(data)
        return True
    except OSError:
        return False


def half_messages():
    server = Server(ECHO, *HONEST)
    crowd = []
    part = struct.pack(">I", 8 * MIB) + b"\7" * (4 * MIB)
    for _ in range(scaled(1000)):
        crowd.append(server.connect())
        send_all(crowd[-1], part)
    return server, f"{scaled(1000)} connections that send 4 MiB of 8", crowd


def unread_replies():
    server = Server(ECHO, *HONEST)
    crowd = []
    whole = frame(b"\7" * (4 * MIB))
    for _ in range(scaled(1000)):
        crowd.append(server.connect())
        # A tenth of them asks until nothing more is taken.
        while send_all(crowd[-1], whole) and len(crowd) % 10 == 0:
            pass
    return server, f"{scaled(1000)} connections that ask for 4 MiB and more, and read nothing", crowd


def small_requests():
    server = Server(STORE, b"get small\n", b"not found\n")
    with server.connect() as client:
        client.sendall(b"set big " + b"x" * MIB + b"\n")
        client.recv(3)
    crowd = []
    for _ in range(scaled(1000)):
        crowd.append(server.connect())
        send_all(crowd[-1], b"get big\n" * 2000)
    return server, f"{scaled(1000)} connections with 2000 requests of 8 bytes for 1 MiB each", crowd


def no_descriptors():
    server = Server(ECHO, *HONEST, descriptors=256)
    crowd = [server.connect() for _ in range(scaled(3000))]
    late = server.connect()
    late.sendall(HONEST[0])
    for client in crowd:
        client.close()
    if late.recv(100) != HONEST[1]:
        sys.exit("a client that waited is not served")
    time.sleep(0.1)
    if sum("clients wait" in line for line in server.said) != 1:
        sys.exit("the lack of descriptors is not said exactly once")
    return server, f"{scaled(3000)} idle connections, 256 descriptors (`ulimit -n`)", [late]


def churn():
    server = Server(ECHO, *HONEST)
    for number in range(scaled(100_000)):
        client = server.connect()
        if number % 3 == 0:
            client.sendall(b"\0\0\0\x09half")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    return server, f"{scaled(100_000)} connections, one after the other, reset", []


def malformed():
    server = Server(STORE + MACHINE, b"get small\n", b"not found\n")
    found = re.compile(r"machine listens on tcp 127.0.0.1:(\d+)")
    while not any(found.search(line) for line in server.said):
        time.sleep(0.01)
    port = next(found.search(line)[1] for line in server.said if found.search(line))
    with socket.create_connection(("127.0.0.1", int(port))) as client:
        for _ in range(scaled(100)):
            client.sendall(b"x\n" * 20_000)
    return server, f"{scaled(100) * 20_000:,} malformed messages to a `clock.machine`", []


def small_messages():
    server = Server(STORE, b"get small\n", b"not found\n")
    going = True

    def flood():
        client = server.connect()
        reader = threading.Thread(target=read, args=(client,), daemon=True)
        reader.start()
        try:
            while going:
                client.sendall(b"get a\n" * 10_000)
        except OSError:
            pass

    def read(client):
        try:
            while client.recv(1 << 16):
                pass
        except OSError:
            pass

    for _ in range(8):
        threading.Thread(target=flood, daemon=True).start()
    time.sleep(1 if options.small else 10)
    return server, f"8 connections that send requests for {1 if options.small else 10} s as fast as they can", []


ATTACKS = [half_messages, unread_replies, small_requests, no_descriptors, churn, malformed, small_messages]


def mib(size):
    return f"{size / MIB:.0f} MiB"


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.small and options.write:
        sys.exit("--write needs the whole attacks, not --small")
    machine = f"{figures.machine()} {figures.busy()}" if options.write else ""
    rows, broken = [], []
    for attack in ATTACKS:
        server, what, crowd = attack()
        took = server.end()
        for client in crowd:
            client.close()
        log, grown = server.log_bytes(), server.peak - server.before
        # The steps of a node are its log; there is no bound of them here.
        steps = attack in (small_messages, small_requests)
        descriptors = 256 if attack is no_descriptors else None
        for name, found, most in [
            ("memory", grown, MEMORY),
            ("log", 0 if steps else log, LOG),
            ("descriptors", server.most_descriptors, descriptors or 1 << 30),
            ("wait of the honest client", server.longest, WAIT),
            ("time to SIGTERM", took, END),
        ]:
            if found > most:
                broken.append(f"{what}: {name} {found}, expected at most {most}")
        bound = f"{mib(MEMORY)}, " + (f"{descriptors} descriptors" if descriptors else "")
        bound += "" if steps or descriptors else f"log {mib(LOG)}"
        rows.append(
            f"| {what} | {bound.rstrip(', ')} | {mib(grown)} | {server.most_descriptors} | {mib(log)} "
            f"| {1000 * server.longest:.0f} ms | {1000 * took:.0f} ms |"
        )
        print(rows[-1], flush=True)
        server.folder.cleanup()
    if options.write:
        head = ["attack", "bound", "memory", "descriptors", "log", "honest client waits at most", "SIGTERM to end"]
        table = figures.table(head, [row.strip("| ").split(" | ") for row in rows])
        source = "tests/attacks/run.py"
        command = f"python3 {source} --write"
        figures.write("tests/README.md", "attacks", command, [source], f"{machine}\n\n{table}")
    if broken:
        sys.exit("\n".join(broken))


main()
