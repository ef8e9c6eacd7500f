"""What recipes of the cookbook must not get wrong: calls that move bytes, sockets that connect later, files that are synced or not."""

import os
import select
import socket


def made(name, flags=0):
    return os.open(name, os.O_CREAT | os.O_RDWR | os.O_TRUNC | flags, 0o644)


source = made("source")
os.write(source, b"0123456789" * 10)
os.copy_file_range(source, made("copied"), 7, 0, 0)
os.sendfile(made("sent"), source, 0, 11)
reader, writer = os.pipe()
os.splice(source, writer, 13, 0)
os.splice(reader, made("spliced"), 13)
vector = made("vector")
os.writev(vector, [b"ab", b"cde"])
os.pwritev(vector, [b"xyz"], 0)
os.preadv(vector, [bytearray(2)], 0)
os.fdatasync(vector)
position = made("position")
os.fsync(position)
os.pwrite(position, b"1234", 0)
os.write(made("synchronous", os.O_DSYNC), b"q")

server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
closed = socket.socket()
closed.bind(("127.0.0.1", 0))
nobody = closed.getsockname()
closed.close()


def connect(address, ask):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(address)
    select.select([], [client], [], 10)
    if ask:
        client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return client


print("connected", server.getsockname()[1])
print("ECONNREFUSED", nobody[1])
first = connect(server.getsockname(), True)
second = connect(nobody, True)
third = connect(server.getsockname(), False)
socket.create_connection(server.getsockname()).close()
left, right = socket.socketpair()
left.sendmsg([b"12", b"345"])
right.recv(10)
open("missing.conf")
