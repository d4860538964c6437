"""Load from raw sockets, in a process of its own: what is measured is the service, not an HTTP client.

Reads one JSON object on standard input: ``{"host","port","connections":[[request bytes as text, …], …]}``; each
connection sends its requests one after the other. Prints the seconds from first byte to last answer, the count of
answers by status, and the latencies' median and 99th percentile in ms.
"""

import asyncio
import json
import sys
import time
from collections import Counter


async def one(host: str, port: int, requests: list[bytes], statuses: Counter[str], latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 22)
    for request in requests:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - began)
        statuses[head[9:12].decode()] += 1
    writer.close()


async def main() -> None:
    asked = json.load(sys.stdin)
    connections = [[request.encode() for request in requests] for requests in asked["connections"]]
    statuses: Counter[str] = Counter()
    latencies: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(
        *(one(asked["host"], asked["port"], requests, statuses, latencies) for requests in connections)
    )
    seconds = time.perf_counter() - began
    latencies.sort()
    answer = {
        "seconds": seconds,
        "statuses": dict(statuses),
        "median_ms": 1000 * latencies[len(latencies) // 2],
        "p99_ms": 1000 * latencies[len(latencies) * 99 // 100],
    }
    print(json.dumps(answer))


asyncio.run(main())
