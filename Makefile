# SPDX-License-Identifier: LGPL-2.1-or-later

# One word for each chore; meson does the work.

all: build
	ninja -C build

build:
	meson setup build

check: all
	meson test -C build --no-rebuild

build-asan:
	meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false

asan: build-asan
	ninja -C build-asan && HOSTILE_SLACK=8 meson test -C build-asan --no-rebuild --timeout-multiplier 4 \
		--suite unit --suite fuzz --suite bus --suite hostile

valgrind: all
	CK_FORK=no meson test -C build --no-rebuild --suite unit --timeout-multiplier 20 \
		--wrap 'valgrind --error-exitcode=1 --leak-check=full --quiet'

lint:
	tools/lint

coverage:
	[ -d build-coverage ] || meson setup build-coverage -Db_coverage=true
	ninja -C build-coverage && meson test -C build-coverage --no-rebuild --suite unit && ninja -C build-coverage coverage-text

bench: all
	meson test -C build --no-rebuild --benchmark --verbose

fuzz:
	tools/fuzz $(T)

releases:
	tools/releases $(R)

soak: all
	for soak in soak soak-daemon; do \
		HOSTILE_SOAK=1800 HOSTILE_BUILD=build/tests/hostile:build/tests/unit:build/daemon python3 tests/hostile/$$soak.py || exit; \
	done

# Random rows of steps from a seed of its own, for MINUTES; SEED=N to repeat.
MINUTES = 10
differential: all
	HOSTILE_BUILD=build/tests/live:build/tests/hostile:build/tests/differential:build/ctl:build/daemon \
		python3 tests/differential/differential.py --daemon --minimize --keep-going \
		--seed=$(or $(SEED),$(shell date +%s)) --minutes=$(MINUTES)

live: all
	tests/live/run --text-under=build/tests/live/old-kernel --ctl=build/ctl/stalelibctl --build=build/tests/live $(S)

# The processes that are looked at stay as they are: a sanitizer keeps libraries of its own mapped.
live-asan: all build-asan
	ninja -C build-asan ctl/stalelibctl
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		tests/live/run --ctl=build-asan/ctl/stalelibctl --build=build/tests/live $(S)

# By one that knows openat2(2), as of 3.21: VALGRIND=/opt/valgrind/bin/valgrind make live-valgrind
live-valgrind: all
	tests/live/run --under=tests/live/under-valgrind --ctl=build/ctl/stalelibctl --build=build/tests/live $(S)

.PHONY: all check asan valgrind coverage bench differential fuzz live live-asan live-valgrind lint releases soak
