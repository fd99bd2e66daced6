#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: fuse.py MOUNTPOINT FILE

A file system in user space with one file, plugin.so, that has the content of FILE.
Says `ok 0` when it is mounted and serves until it is stopped (SIGSTOP: it hangs,
and everyone who touches it with it). Speaks the kernel's protocol (linux/fuse.h)
itself, so that no library is needed.
"""
import ctypes
import os
import struct
import sys

INIT, LOOKUP, GETATTR, OPEN, READ, RELEASE, FLUSH, OPENDIR, FORGET, ACCESS = 26, 1, 3, 14, 15, 18, 25, 27, 2, 34
ENOENT, ENOSYS = 2, 38
ROOT, FILE = 1, 2


def attributes(node, content):
    size, mode = (0, 0o040755) if node == ROOT else (len(content), 0o100755)
    return struct.pack("<QQQQQQIIIIIIIIII", node, size, (size + 511) // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(opcode, node, body, content):
    """The payload of the reply, or a positive errno, or None: no reply is wanted."""
    if opcode == INIT:
        return struct.pack("<IIIIHHIIHHI", 7, 31, 65536, 0, 16, 12, 65536, 1, 32, 0, 0) + bytes(28)
    if opcode == LOOKUP:
        if body.rstrip(b"\0") != b"plugin.so":
            return ENOENT
        return struct.pack("<QQQQII", FILE, 0, 0, 0, 0, 0) + attributes(FILE, content)
    if opcode == GETATTR:
        return struct.pack("<QII", 0, 0, 0) + attributes(node, content)
    if opcode in (OPEN, OPENDIR):
        return struct.pack("<QII", 1, 0, 0)
    if opcode == READ:
        _, offset, size = struct.unpack_from("<QQI", body)
        return content[offset:offset + size]
    if opcode in (RELEASE, FLUSH, ACCESS):
        return b""
    return None if opcode == FORGET else ENOSYS


def main():
    with open(sys.argv[2], "rb") as f:
        content = f.read()
    fuse = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if libc.mount(b"test", os.fsencode(sys.argv[1]), b"fuse.test", 0, options) < 0:
        print("error", os.strerror(ctypes.get_errno()), flush=True)
        return 1
    print("ok 0", flush=True)

    while True:
        try:
            request = os.read(fuse, 1 << 20)
        except OSError:
            return 0
        _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
        payload = answer(opcode, node, request[40:], content)
        if payload is None:
            continue
        error = -payload if isinstance(payload, int) else 0
        payload = b"" if error else payload
        os.write(fuse, struct.pack("<IiQ", 16 + len(payload), error, unique) + payload)


if __name__ == "__main__":
    sys.exit(main())
