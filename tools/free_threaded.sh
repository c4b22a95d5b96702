#!/bin/sh
# Prints a free-threaded interpreter (one without a GIL), building one where there is none.
#
#   free_threaded.sh                    python3.14t or python3.13t of PATH, or else one that is built once
#   FREE_THREADED=x free_threaded.sh    x, if it will do
#
# What is built is Debian's source of Python 3.13, with --disable-gil: ten minutes on one core, once. It needs
# apt-get, a C compiler, make, and the headers of OpenSSL, libffi and zlib. JOBS=n builds with n jobs.
set -eu

without_a_gil='import sys; sys.exit(sys._is_gil_enabled())'
cache=${XDG_CACHE_HOME:-$HOME/.cache}/reactive-streams/free-threaded
python=$cache/prefix/bin/python3.13t

for candidate in ${FREE_THREADED:-python3.14t python3.13t "$python"}; do
    if "$candidate" -c "$without_a_gil" >/dev/null 2>&1; then
        exec "$candidate" -c 'import sys; print(sys.executable)'
    fi
done

say() { echo "$*" >&2; }
for tool in apt-get cc make tar; do
    if ! command -v "$tool" >/dev/null; then
        say "error: no free-threaded Python (python3.13t), and no $tool to build one with; set FREE_THREADED="
        exit 1
    fi
done

work=$cache/build
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/source"
# Lists of our own: what the machine's apt knows is left as it is. The mirror is the one that it uses.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
if [ -z "$mirror" ]; then
    say "error: apt-get here knows no mirror of Debian; build python3.13 with --disable-gil, and set FREE_THREADED="
    exit 1
fi
keys=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb-src [signed-by=$keys] $mirror trixie main" >"$work/sources.list"
apt() {
    apt-get -qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=- \
        -o "Dir::State::Lists=$work/lists" -o APT::Sandbox::User=root "$@" >&2
}
say "fetching the source of Python 3.13"
apt update
(cd "$work/source" && apt source --download-only python3.13 && tar xf python3.13_*.orig.tar.xz)

say "building it without a GIL, in $work (ten minutes; the log is build.log there)"
cd "$work"/source/Python-3.13*
if ! {
    ./configure --quiet --disable-gil --disable-test-modules --prefix="$cache/prefix" &&
        make --quiet "-j${JOBS:-1}" &&
        make --quiet install
} >"$work/build.log" 2>&1; then
    tail -n 20 "$work/build.log" >&2
    say "error: it could not be built"
    exit 1
fi
cd "$cache"
rm -rf "$work"
"$python" -c "$without_a_gil"
echo "$python"
