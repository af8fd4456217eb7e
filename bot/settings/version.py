"""The version of paperwire that runs."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """Returns the version that is installed; "" for a program that runs from its source."""
    try:
        return version("paperwire")
    except PackageNotFoundError:
        return ""
