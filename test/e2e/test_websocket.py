"""WebSocket addresses: the peer's client and roles on our ports, and ours on the peer's."""

import os
import unittest

from scaler import Client

import peer
import stack
from schemes import Schemes
from versions import CLIENT, OURS

SPEAKS_WEBSOCKET = not OURS and (CLIENT >= (2, 3) or (CLIENT >= (2, 2) and os.environ.get("SCALER_NETWORK_BACKEND") == "ymq"))


def by_websocket(address):
    return address.replace("tcp://", "ws://") + "/"


class WebSocket(Schemes):
    def exercise(self, address):
        with Client(address=address) as client:
            self.do_the_usual(client, bytes(range(256)) * 40_000)

    def test_our_workers_reach_our_scheduler_and_store_by_websocket(self):
        with stack.Stack(workers=0) as cluster:
            manager = self.our_manager(by_websocket(cluster.address), "wm-ws", 1)
            cluster.wait_workers(1)
            self.exercise(cluster.address)
            self.assertEqual(manager.stop(), 0)

    @unittest.skipUnless(SPEAKS_WEBSOCKET, "this client has no WebSocket here")
    def test_the_peers_client_and_workers_reach_our_scheduler_by_websocket(self):
        with stack.Stack(workers=1) as cluster:
            self.start(peer.manager(by_websocket(cluster.address), 1))
            cluster.wait_workers(2)
            self.exercise(by_websocket(cluster.address))

    @unittest.skipUnless(SPEAKS_WEBSOCKET, "this client has no WebSocket here")
    def test_our_workers_reach_the_peers_scheduler_by_websocket(self):
        scheduler_port, storage_port, monitor_port = stack.free_ports(3)
        storage_address = f"tcp://127.0.0.1:{storage_port}"
        self.start(peer.storage(storage_address))
        address = f"tcp://127.0.0.1:{scheduler_port}"
        self.start(peer.PeerRole(
            "scaler_scheduler", by_websocket(address), "--object-storage-address", storage_address, "--monitor-address",
            f"tcp://127.0.0.1:{monitor_port}", *peer.QUIET))
        peer.wait_port(address)
        self.our_manager(by_websocket(address), "wm-ws", 1)
        self.exercise(by_websocket(address))

    @unittest.skipUnless(SPEAKS_WEBSOCKET, "this client has no WebSocket here")
    def test_our_scheduler_tells_a_storage_that_is_reached_by_websocket(self):
        ports = stack.free_ports(2)
        storage_address = f"ws://127.0.0.1:{ports[0]}/"
        storage = self.start(stack.Role("object_storage_server", storage_address))
        storage.wait_for_line("started")
        address = f"ws://127.0.0.1:{ports[1]}/"
        scheduler = self.start(stack.Role("scheduler", address, "--object-storage-address", storage_address))
        scheduler.wait_for_line("monitor address")
        self.our_manager(address, "wm-ws", 1)
        self.start(peer.manager(address, 1))
        self.exercise(address)


if __name__ == "__main__":
    unittest.main(verbosity=2)
