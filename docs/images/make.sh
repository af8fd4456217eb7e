#!/bin/sh
# Makes the pictures of the README from the real gallery: `make demo`, then `docs/images/make.sh`. Needs chromium.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# picture NAME ANCHOR WIDTH HEIGHT [--force-dark-mode]: the frame of one chat, its beginning, at twice the size
picture() {
	style="html,body{background:none} header,footer,.skip,.chat:not(#$2),#$2>:not(.frame){display:none}
		.wall,.column{display:block;padding:0;max-width:none} .frame{height:$4px;box-shadow:none}"
	sed "s|</style>|$(printf %s "$style" | tr -d '\n')</style>|" gallery/index.html >"$work/page.html"
	"${CHROMIUM:-chromium}" --headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$work/profile" ${5:-} \
		--force-device-scale-factor=2 --default-background-color=00000000 --window-size="$3,$4" \
		--screenshot="docs/images/$1.png" "file://$work/page.html" 2>/dev/null
}

picture telegram researcher 360 766
picture telegram-zh reader 360 766 --force-dark-mode
picture slack reading-group 520 808
