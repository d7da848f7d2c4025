"""The language between browsers, the world and the media plane. Imports neither of them."""
