"""The gallery: a channel that keeps messages in memory."""

from bot.channels.gallery.outbound import GalleryChannel as GalleryChannel
from bot.channels.gallery.outbound import GalleryPost as GalleryPost
