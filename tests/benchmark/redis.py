"""Starts redis-server, has redis-benchmark ask it, and stops it. The server is what is traced: it is our child."""

import socket
import subprocess
import sys

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
status = subprocess.run(["redis-benchmark", "-q", "-p", port, "-n", "3000", "-c", "20", "-t", "set,get"]).returncode
server.terminate()
server.wait()
sys.exit(status)
