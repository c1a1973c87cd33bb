#!/bin/sh
# Tests scripts/v8-env with a cargo and a builder that only pretend: which archive is taken, when one is built, and
# what is said when none can be had.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0

fail() {
    echo "v8-env.test: $case: $1" >&2
    sed 's/^/    | /' "$folder/log" >&2
    exit 1
}

# begin CASE: a repository of its own, without anything that was built, downloaded or kept.
begin() {
    case=$1
    rm -rf "$folder/w" "$folder/log"
    mkdir -p "$folder/w/repo/scripts/v8" "$folder/w/bin" "$folder/w/cache"
    cp "$root/scripts/v8-env" "$folder/w/repo/scripts/"
    printf '[[package]]\nname = "v8"\nversion = "1.2.3"\n' > "$folder/w/repo/Cargo.lock"
    # Builds what V8 is needed for: from the archive, or from the download if that works.
    cat > "$folder/w/bin/cargo" <<'CARGO'
#!/bin/sh
echo "cargo $* archive=${RUSTY_V8_ARCHIVE:-none}" >> "$W/calls"
[ ! -e "$W/broken" ] || { echo "error: the code is broken" >&2; exit 101; }
if [ -z "${RUSTY_V8_ARCHIVE:-}" ] && [ ! -e "$W/online" ]; then
    echo 'error: failed to run custom build command for `v8 v1.2.3`' >&2
    exit 101
fi
mkdir -p "$W/repo/target/release/gn_out/obj"
touch "$W/repo/target/release/gn_out/obj/librusty_v8.a"
CARGO
    printf '#!/bin/sh\necho "host: some-machine"\n' > "$folder/w/bin/rustc"
    cat > "$folder/w/repo/scripts/v8/build" <<'BUILD'
#!/bin/sh
echo build >> "$W/calls"
[ ! -e "$W/unbuildable" ] || { echo "no compiler" >&2; exit 1; }
mkdir -p "$XDG_CACHE_HOME/mayfly/v8/1.2.3-temporal"
echo archive > "$XDG_CACHE_HOME/mayfly/v8/1.2.3-temporal/librusty_v8_simdutf_release_some-machine.a.gz"
echo "$XDG_CACHE_HOME/mayfly/v8/1.2.3-temporal/librusty_v8_simdutf_release_some-machine.a.gz"
BUILD
    chmod +x "$folder/w/bin/cargo" "$folder/w/bin/rustc" "$folder/w/repo/scripts/v8/build"
    : > "$folder/w/calls"
}

# run [NAME=VALUE...]: cargo build through v8-env. Its exit code is in $code.
run() {
    code=0
    env -u RUSTY_V8_ARCHIVE -u CARGO_BUILD_TARGET -u CARGO_TARGET_DIR -u MAYFLY_V8_BUILD W="$folder/w" \
        XDG_CACHE_HOME="$folder/w/cache" PATH="$folder/w/bin:$PATH" "$@" \
        "$folder/w/repo/scripts/v8-env" cargo build > "$folder/log" 2>&1 || code=$?
    cat "$folder/w/calls" >> "$folder/log"
}

exits() { [ "$code" -eq "$1" ] || fail "exit code $code, not $1"; passed=$((passed + 1)); }
says() { grep -qF "$1" "$folder/log" || fail "did not say: $1"; passed=$((passed + 1)); }
never() { ! grep -qF "$1" "$folder/log" || fail "said: $1"; passed=$((passed + 1)); }
calls() { [ "$(wc -l < "$folder/w/calls")" -eq "$1" ] || fail "not $1 calls"; passed=$((passed + 1)); }

kept=cache/mayfly/v8/1.2.3-temporal/librusty_v8_simdutf_release_some-machine.a.gz
give() { mkdir -p "$(dirname "$folder/w/$1")"; echo archive > "$folder/w/$1"; }

begin "the archive that is named comes first"
give elsewhere.a.gz; give shared/v8/librusty_v8_simdutf_release_some-machine.a.gz; give $kept
run RUSTY_V8_ARCHIVE="$folder/w/elsewhere.a.gz"
exits 0; says "archive=$folder/w/elsewhere.a.gz"; calls 1

begin "one that is named and not there is an error"
run RUSTY_V8_ARCHIVE="$folder/w/nowhere.a.gz"
exits 1; says "can't be read: $folder/w/nowhere.a.gz"; calls 0

begin "then the one beside the repository"
give shared/v8/librusty_v8_simdutf_release_some-machine.a.gz; give $kept
run
exits 0; says "archive=$folder/w/shared/v8/"; calls 1

begin "then the one that was built"
give $kept
run
exits 0; says "archive=$folder/w/$kept"; calls 1

begin "but not another version's, nor another machine's"
give cache/mayfly/v8/1.2.2-temporal/librusty_v8_simdutf_release_some-machine.a.gz
give cache/mayfly/v8/1.2.3-temporal/librusty_v8_simdutf_release_other-machine.a.gz
touch "$folder/w/online"
run
exits 0; says "archive=none"; calls 1

begin "nor one that was built without Temporal"
give cache/mayfly/v8/1.2.3/librusty_v8_simdutf_release_some-machine.a.gz
touch "$folder/w/online"
run
exits 0; says "archive=none"; calls 1

begin "then the download"
touch "$folder/w/online"
run
exits 0; says "archive=none"; never "half an hour"; calls 1

begin "where that fails, V8 is built and the command run again"
run
exits 0; says "half an hour"; says "cargo build archive=$folder/w/$kept"; calls 4
[ "$(tail -n 1 "$folder/w/calls")" = "cargo build archive=$folder/w/$kept" ] || fail "the command was not the last"

begin "once"
run; run
exits 0; calls 5

begin "a build that fails for another reason builds no V8"
touch "$folder/w/broken"
run
exits 101; never "half an hour"; calls 2

begin "nor does one that fails with V8 at hand"
give $kept; touch "$folder/w/broken"
run
exits 101; calls 1

begin "nor one that fails after the download"
mkdir -p "$folder/w/repo/target/release/gn_out/obj"
touch "$folder/w/repo/target/release/gn_out/obj/librusty_v8.a" "$folder/w/broken"
run
exits 101; calls 1

begin "who does not want it built is told what else can be done"
run MAYFLY_V8_BUILD=no
exits 101; says "make v8"; says "export RUSTY_V8_ARCHIVE="; calls 2

begin "and so is who can't build it"
touch "$folder/w/unbuildable"
run
exits 101; says "no compiler"; says "Trying again goes on from there"; says "export RUSTY_V8_ARCHIVE="; calls 3

begin "a command's own success is left alone"
touch "$folder/w/online"
code=0
PATH="$folder/w/bin:$PATH" W="$folder/w" env -u RUSTY_V8_ARCHIVE "$folder/w/repo/scripts/v8-env" true > "$folder/log" 2>&1 || code=$?
exits 0; calls 0

echo "v8-env: $passed checks passed"
