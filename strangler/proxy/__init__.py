"""The data plane: sockets, pools, exchanges, mirroring and tunnels, on asyncio protocols."""
