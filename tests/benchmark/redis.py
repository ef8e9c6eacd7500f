"""Starts redis-server, has redis-benchmark ask it, and stops it. Prints how many seconds the clients took.

The server is our child: who traces us traces it. Arguments are a tracer that attaches to it before the clients begin.
"""

import pathlib
import re
import socket
import subprocess
import sys
import time

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = str(free.getsockname()[1])
server = subprocess.Popen(
    ["redis-server", "--port", port, "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL
)
while True:
    try:
        socket.create_connection(("127.0.0.1", int(port))).close()
        break
    except ConnectionRefusedError:
        if server.poll() is not None:
            sys.exit("redis-server does not start")


def traced():
    """Whether all threads of the server have a tracer."""
    tasks = pathlib.Path(f"/proc/{server.pid}/task").iterdir()
    return not any(re.search(r"TracerPid:\s+0$", (task / "status").read_text(), re.M) for task in tasks)


tracer = None
if len(sys.argv) > 1:
    tracer = subprocess.Popen([*sys.argv[1:], "-p", str(server.pid)], stderr=subprocess.DEVNULL)
    while not traced():
        if tracer.poll() is not None:
            sys.exit(f"{sys.argv[1]} does not attach")
        time.sleep(0.001)
started = time.monotonic()
clients = ["redis-benchmark", "-q", "-p", port, "-n", "3000", "-c", "20", "-t", "set,get"]
status = subprocess.run(clients, stdout=subprocess.DEVNULL).returncode
print(time.monotonic() - started)
server.terminate()
server.wait()
if tracer is not None:
    tracer.wait()
sys.exit(status)
