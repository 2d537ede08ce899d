"""How many clients may come and go before a scheduler answers nobody: come_and_go.py [theirs] [CLIENTS]. SCALER_SCHEME=ws or ipc."""

import os
import sys

from scaler import Client

from test_matrix import OurServers, TheirServers

if __name__ == "__main__":
    count = int(next((word for word in sys.argv[1:] if word.isdigit()), 150))
    cluster = TheirServers(ours=0, theirs=0) if "theirs" in sys.argv else OurServers(ours=0, theirs=0)
    served = 0
    try:
        for served in range(count):
            Client(address=cluster.address, timeout_seconds=20).disconnect()
        print(f"{count} clients came and went")
    except Exception as error:
        print(f"after {served} clients: {type(error).__name__}")
    finally:
        cluster.kill()
    os._exit(0)  # a client that was refused waits for ever
