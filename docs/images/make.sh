#!/bin/sh
# Makes the pictures of the README and the guide from the real gallery and the real pages: `make demo`, then
# `docs/images/make.sh`.
# Needs chromium (CHROMIUM names another one) and fonts about as wide as those of a phone.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# picture NAME PAGE ANCHOR WIDTH HEIGHT [--force-dark-mode]: the frame of one chat, its beginning, at twice the size
picture() {
	style=":root{--chat:Roboto,Helvetica Neue,Liberation Sans,Arial,DejaVu Sans,Noto Sans CJK SC,sans-serif}
		html,body{background:none} header,footer,.skip,.chat:not(#$3),#$3>:not(.frame){display:none}
		.wall,.column,.shots{display:block;padding:0;max-width:none} .frame{height:$5px;box-shadow:none;margin:0!important}"
	sed "s|</style>|$(printf %s "$style" | tr -d '\n')</style>|" "gallery/$2" >"$work/page.html"
	"${CHROMIUM:-chromium}" --headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$work/$1" ${6:-} \
		--force-device-scale-factor=2 --default-background-color=00000000 --window-size="$4,$5" \
		--screenshot="docs/images/$1.png" "file://$work/page.html" 2>/dev/null
}

# phone NAME PAGE ANCHOR HEIGHT: as a phone shows it, by day and by night
phone() {
	picture "$1" "$2" "$3" 360 "$4"
	picture "$1-dark" "$2" "$3" 360 "$4" --force-dark-mode
}

phone conversation index.html conversation 1140
phone conversation-zh index.zh.html conversation 1140

PYTHONPATH=. "${PYTHON:-.venv/bin/python}" -m tests.browser.pictures
