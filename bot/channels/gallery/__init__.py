"""A channel without a platform: what it is given can be looked at."""

from bot.channels.gallery.outbound import GalleryChannel as GalleryChannel
from bot.channels.gallery.outbound import GalleryPost as GalleryPost
