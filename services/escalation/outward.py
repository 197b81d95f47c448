"""Calls to addresses that somebody else chose: never to a private one, never through a redirect, never for long.

The name is looked up once, every address is checked, and the call goes to the address that was checked: a name that
changes its mind in between leads nowhere.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from shared.http import NO_ANSWER

TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
WITHIN: Final = 20.0  # seconds for all of it: an answer may come a byte at a time, none of them late
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""Where a gateway makes an IPv4 address of the last four bytes (RFC 6052)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str], Awaitable[Sequence[str]]]


class Refused(Exception):
    """The call was not made, or not answered with success; the message says why."""


async def resolve(host: str) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return sorted({str(address[4][0]) for address in found})


def create_client() -> httpx.AsyncClient:
    """Keeps no connection and no cookie: two agencies behind one address are told nothing of each other."""
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0), cookies=cookies)


@dataclass(frozen=True)
class Outward:
    """`allowed`: private networks that may be reached all the same, and without TLS (a government network, a test)."""

    client: httpx.AsyncClient
    allowed: Sequence[Network] = ()
    resolve: Resolve = resolve
    within: float = WITHIN

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Raises Refused unless the other side answers with a 2xx, in time."""
        try:
            async with asyncio.timeout(self.within):
                status = await self._answered(url, body, headers)
        except TimeoutError as error:
            raise Refused("no answer in time") from error
        except NO_ANSWER as error:
            raise Refused(type(error).__name__) from error
        if not httpx.codes.is_success(status):
            raise Refused(f"answered {status}")

    async def _answered(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        target = httpx.URL(url)
        address = await self.checked(target)
        host = target.host if target.port is None else f"{target.host}:{target.port}"
        request = self.client.build_request(
            "POST",
            target.copy_with(host=str(address)),
            content=body,
            headers={**headers, "Host": host},
            timeout=TIMEOUT,
            extensions={"sni_hostname": target.host},
        )
        answer = await self.client.send(request, stream=True, follow_redirects=False)
        await answer.aclose()
        return answer.status_code

    async def checked(self, url: httpx.URL) -> Address:
        """The address to call, all of the name's having been looked at. Raises Refused."""
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise Refused("not an address that is called")
        try:
            addresses = [ipaddress.ip_address(found) for found in await self.resolve(url.host)]
        except (OSError, ValueError) as error:
            raise Refused("the name leads nowhere") from error
        allowed = [any(address in network for network in self.allowed) for address in addresses]
        if not addresses or not all(ours or _is_public(a) for a, ours in zip(addresses, allowed, strict=True)):
            raise Refused("a private address")
        if url.scheme != "https" and not all(allowed):
            raise Refused("not https")
        return addresses[0]


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(address.packed[12:]) if address in NAT64 else None
        inside = address.ipv4_mapped or address.sixtofour or translated
        if address.is_site_local or (inside and not inside.is_global):
            return False
    return address.is_global and not address.is_multicast
