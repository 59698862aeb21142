# Runs the guide's code: header lines as arguments, the secret in the environment, the body on standard input.
import os
import sys
from types import SimpleNamespace

raw_body = sys.stdin.buffer.read()
request = SimpleNamespace(headers=dict(line.split(": ", 1) for line in sys.argv[1:]))
try:
#GUIDE
    print("verified")
except Exception as error:
    print("refused:", error)
