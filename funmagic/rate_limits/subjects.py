"""The subjects that requests are counted for: an address, or an address with the hash of an email."""

import hashlib
from ipaddress import IPv6Address, IPv6Network, ip_address


def address_subject(address: str) -> str:
    """The subject an address counts for: an IPv6 client has a whole /64 to choose addresses from."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    return str(known.ipv4_mapped or IPv6Network((int(known), 64), strict=False).network_address)


def email_subject(address: str, email: str) -> str:
    """The subject of an email as one address tries it: guessing at an account locks nobody out but the guesser."""
    digest = hashlib.sha256(email.encode(errors="replace")).hexdigest()
    return f"{address_subject(address)}:{digest[:32]}"
