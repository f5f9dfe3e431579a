"""Make what other programs read: the API, badges, cards, the feed, metadata, exports."""
