#!/bin/sh
# Hostile input against the native plane under AddressSanitizer and UBSan; any fault ends it with an error.
#
#   tools/asan.sh [ROUNDS]     the fuzzer with five seeds (default: 20000 rounds of up to 64 datagrams each),
#                              then the suites of the planes and of the world's tick on extensions built with them
#
# Needs gcc (or CC) with the sanitizers' libraries and an installed .venv; writes into a temporary folder only.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
rounds=${1:-20000}
cc=${CC:-cc}
flags="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# shellcheck disable=SC2086 # the flags are words
$cc -std=gnu11 $flags -Wall -Wextra -o "$folder/plane_fuzz" tests/fuzz/plane_fuzz.c -lm
for seed in 1 2 3 4 5; do
    echo "fuzz, seed $seed:"
    "$folder/plane_fuzz" "$seed" "$rounds"
done

# A copy of what the suite needs, so that the extension in use here stays as it is.
cp -r setup.py pyproject.toml README.md LICENSE signaling sfu world maps "$folder"
mkdir -p "$folder/tests/unit/sfu"
cp -r tests/support "$folder/tests"
cp -r tests/unit/sfu/forward "$folder/tests/unit/sfu"
mkdir -p "$folder/tests/unit/world"
cp tests/unit/world/test_native.py tests/unit/world/test_intake.py "$folder/tests/unit/world"
rm -f "$folder"/sfu/forward/_plane*.so "$folder"/world/native/_native*.so
cd "$folder"
CFLAGS="$flags" LDFLAGS="-fsanitize=address,undefined" CC="$cc" \
    "$root/.venv/bin/python" setup.py -q build_ext --inplace
# The build goes on without what it cannot make, and the suites skip what is not there.
ls sfu/forward/_plane*.so world/native/_native*.so >/dev/null
echo "golden suite:"
# The sanitizer keeps freed memory to catch its use, so how much there is says nothing here.
# Python itself leaks on purpose, and knows nothing of the sanitizer: it is loaded before everything else.
ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD="$($cc -print-file-name=libasan.so) $($cc -print-file-name=libubsan.so)" \
    "$root/.venv/bin/python" -m pytest -q -p no:cacheprovider tests/unit/sfu/forward tests/unit/world -k "native or intake" \
    --ignore tests/unit/sfu/forward/test_native_build.py \
    --deselect tests/unit/sfu/forward/test_native.py::TestCommands::test_what_is_removed_is_freed_when_the_data_thread_has_let_go
