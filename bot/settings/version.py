"""The version of the running paperwire."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """Returns the installed version; "" if paperwire runs from its source without being installed."""
    try:
        return version("paperwire")
    except PackageNotFoundError:
        return ""
