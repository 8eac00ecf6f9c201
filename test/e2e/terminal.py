# Runs a command on a pseudo-terminal of its own: terminal.py COLUMNS ROWS COMMAND… Its output goes to standard output; on
# standard input, a line `size COLUMNS ROWS` resizes the terminal, and `type TEXT` types (JSON: "\u0003" is Ctrl-C).
import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


columns, rows = int(sys.argv[1]), int(sys.argv[2])
pid, master = pty.fork()
if pid == 0:
    resize(0, columns, rows)
    os.execvp(sys.argv[3], sys.argv[3:])
inputs = [master, 0]
while True:
    ready, _, _ = select.select(inputs, [], [])
    if 0 in ready:
        lines = os.read(0, 4096).decode().splitlines()
        if not lines:
            inputs.remove(0)
        for line in lines:
            word, rest = line.split(" ", 1)
            if word == "size":
                resize(master, *(int(each) for each in rest.split()))
            else:
                os.write(master, json.loads(rest).encode())
    if master in ready:
        try:
            output = os.read(master, 65536)
        except OSError:
            output = b""
        if not output:
            break
        os.write(1, output)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
