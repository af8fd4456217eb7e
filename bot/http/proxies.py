"""The proxy of this machine for a request, from the usual environment variables."""

from urllib.request import getproxies, proxy_bypass


def proxy_of_environment(scheme: str, host: str) -> str | None:
    """Returns the proxy that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY give for a host; None if it needs none."""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy
