"""A client as a process: reads a request per line of standard input, and answers it by a line of standard output.

The functions are called as the request says: create(place, card), read(place, id), change(place, id, card),
delete(place, id), list(place), sync(place).
"""
import json
import os
import sys
import traceback


def speak(functions):
    """Says that it is ready, and answers until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Libraries may print what they like.
    print(json.dumps({"ok": None}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        function = functions[request.pop("do")]
        try:
            answer = {"ok": function(**request)}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
