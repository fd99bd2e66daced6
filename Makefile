# SPDX-License-Identifier: LGPL-2.1-or-later

# One word for each chore; meson does the work.

all: build
	ninja -C build

build:
	meson setup build

check: all
	meson test -C build --no-rebuild

asan:
	[ -d build-asan ] || meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false
	ninja -C build-asan && meson test -C build-asan --no-rebuild --suite unit --suite fuzz

valgrind: all
	CK_FORK=no meson test -C build --no-rebuild --suite unit --timeout-multiplier 20 \
		--wrap 'valgrind --error-exitcode=1 --leak-check=full --quiet'

coverage:
	[ -d build-coverage ] || meson setup build-coverage -Db_coverage=true
	ninja -C build-coverage && meson test -C build-coverage --no-rebuild --suite unit && ninja -C build-coverage coverage-text

bench: all
	meson test -C build --no-rebuild --benchmark --verbose

fuzz:
	tools/fuzz $(T)

soak: all
	for soak in soak soak-daemon; do \
		ZOO_SOAK=1800 ZOO_BUILD=build/tests/zoo:build/tests/unit:build/daemon python3 tests/zoo/$$soak.py || exit; \
	done

live: all
	tests/live/run --ctl=build/ctl/stalelibctl --build=build/tests/live $(S)

.PHONY: all check asan valgrind coverage bench fuzz live soak
