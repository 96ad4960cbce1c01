# shellcheck shell=bash disable=SC2154 # what the script that sources this must set
# Debian's own packages, unpacked into a folder of the user: nothing is installed and root is not needed. Each program of
# that folder is started through the folder's own loader, so the machine itself may be an older Debian.
#
# To be sourced by a bash script, which sets before it calls `provide`:
#   me           what its messages start with
#   suite        the release of Debian to take the packages from
#   packages     the packages, an array; what they depend on comes along
#   pins         an array of "PACKAGE UPSTREAM-VERSION"; a release that has another is refused
#   needed_mb    room for downloads and unpacked tree together
#   mark         the file of the tree that says what `versions` prints
# and which defines
#   versions     prints what tells a right tree from any other
#   finish TREE  makes TREE/bin from the unpacked packages
#   smoke TREE WORK   succeeds if the programs of TREE/bin work

# All talk goes to stderr, because stdout belongs to the command that is run.
say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# Makes the folder PREFIX unless it is right already; another process that makes it is waited for.
provide() {
  local prefix=$1 work=$1.partial
  # A work folder beside a ready prefix is one that a killed run could not remove any more.
  if ! ready "$prefix" || [[ -d $work && -w ${work%/*} ]]; then
    mkdir -p -- "${prefix%/*}" || die "cannot make the folder ${prefix%/*}"
    # Whatever this starts inherits the lock: an apt-get that outlives a killed script still keeps others out.
    { exec 9>"$prefix.lock"; } || die "cannot write $prefix.lock"
    flock -n 9 || {
      say "waiting for another run that makes $prefix"
      flock 9 || die "cannot lock $prefix.lock"
    }
    ready "$prefix" || build "$prefix" "$work" >&2
    rm -rf -- "$work"
  fi
}

# Where a prefix called NAME lies, below the user's cache, or what VARIABLE says instead.
prefix_folder() {
  local name=$1 variable=$2 prefix=${!2-} cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
  if [[ -z $prefix ]]; then
    [[ -n $cache ]] || die "no cache folder: set HOME, XDG_CACHE_HOME or $variable"
    prefix=$cache/rocq-distill/$name-$(uname -m)
  fi
  [[ $prefix != *[:\"]* ]] || die "$prefix: PATH and apt cannot have such a name"
  realpath -m -- "$prefix"
}

ready() { [[ -d $1/bin && -r $1/$mark && $(<"$1/$mark") == "$(versions)" ]]; }

build() {
  local prefix=$1 work=$2
  export LC_ALL=C
  [[ ! -e $prefix ]] || rmdir -- "$prefix" 2>/dev/null ||
    die "$prefix exists and is not $(versions | paste -sd' '); remove it, or name another folder"
  mkdir -p -- "$work"
  rm -rf -- "$work/tree" "$work/smoke" # of a run that was killed
  check_machine "$work"
  write_apt_conf "$work"
  update_lists "$work"
  plan "$work"
  download "$work"
  unpack "$work"
  # A prefix that does not work must not come into being.
  mkdir -- "$work/smoke"
  smoke "$work/tree" "$work/smoke" >"$work/log/smoke" 2>&1 || {
    cat "$work/log/smoke" >&2
    die "what was unpacked does not work"
  }
  versions >"$work/tree/$mark"
  mv -T -- "$work/tree" "$prefix"
  say "$(versions | paste -sd' ' | tr '\t' ' ') is ready in $prefix (after $SECONDS s)"
}

check_machine() {
  local work=$1 tool arch free used
  for tool in apt-get dpkg flock; do
    command -v "$tool" >/dev/null || die "no $tool on this machine; put ${pins[*]} on PATH in another way"
  done
  arch=$(dpkg --print-architecture)
  [[ $arch == amd64 || $arch == arm64 ]] || die "architecture $arch is not supported (amd64 and arm64 are)"
  free=$(df -Pm -- "$work" | awk 'NR == 2 { print $4 }')
  used=$(du -sm -- "$work" | cut -f1)
  ((free + used >= needed_mb)) || die "$work needs $((needed_mb - used)) MB of disk space, but only $free MB are free"
}

archive_keyring() {
  local file
  for file in /usr/share/keyrings/debian-archive-{keyring,"$suite"-stable}.{pgp,gpg} \
    /etc/apt/trusted.gpg.d/debian-archive-"$suite"-stable.{asc,gpg}; do
    [[ -r $file ]] && printf '%s\n' "$file" && return
  done
  die "Debian's archive keyring is not on this machine (package debian-archive-keyring)"
}
# Gives apt its own list of sources and its own state in the work folder. What the machine's apt.conf.d and auth.conf
# say of proxies and passwords stays in force; hooks, pins and a default release, which are for the machine, do not.
write_apt_conf() {
  local work=$1
  mkdir -p -- "$work"/{lists,cache/archives,none}/partial "$work/log"
  : >"$work/status"
  cat >"$work/apt.conf" <<CONF
#clear APT::Update;
#clear AptCli;
#clear DPkg;
Dir::State "$work";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Cache::archives "archives/";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Log "$work/log";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Debug::NoLocking "true";
APT::Sandbox::User "";
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Update::Error-Mode "any";
Acquire::ForceHash "sha256";
CONF
}

# Reads the package lists from the first of the machine's sources that has them under Debian's signature: the signature
# says which source is Debian's archive, not a name.
update_lists() {
  local work=$1 arch keyring sources source
  arch=$(dpkg --print-architecture)
  keyring=$(archive_keyring)
  sources=$(apt-get update --print-uris |
    sed -n "s|^'\(.*\)/dists/[a-z]*/main/binary-$arch/Packages.*|\1|p" | grep -v '^cdrom:' | awk '!seen[$0]++') ||
    die "this machine's apt sources name no Debian archive to take the packages from"
  while read -r source; do
    say "reading the package lists of Debian $suite from $source"
    printf 'deb [signed-by=%s arch=%s target=Packages] %s %s main\n' \
      "$keyring" "$arch" "$source" "$suite" >"$work/sources.list"
    apt-get -c "$work/apt.conf" -q update >"$work/log/update" 2>&1 && return
    cat "$work/log/update" >&2
  done <<<"$sources"
  die "no apt source of this machine gave Debian's package lists: is there a way to the network from here?"
}

# Writes the packages to unpack into $work/plan, a line each: file, size, sha256.
plan() {
  local work=$1 pin have unpacked
  # With a folder of archives that stays empty, because apt names only what is still to be downloaded.
  apt-get -c "$work/apt.conf" -o "Dir::Cache::archives=$work/none/" -q -y --print-uris \
    install "${packages[@]}" >"$work/log/plan" 2>&1 || {
    cat "$work/log/plan" >&2
    die "apt cannot resolve the packages ${packages[*]} of Debian $suite"
  }
  sed -n "s/^'.*' \([^ ]*\.deb\) \([0-9]*\) SHA256:\([0-9a-f]*\)$/\1 \2 \3/p" "$work/log/plan" >"$work/plan"
  for pin in "${pins[@]}"; do
    # A Debian version is the upstream version and then +dfsg-1 or the like.
    have=$(sed -n "s/^${pin% *}_\([^_+~-]*\).*/\1/p" "$work/plan")
    [[ $have == "${pin#* }" ]] || die "this project is pinned to ${pin/ / of version }," \
      "but Debian $suite now has ${have:-none}"
  done
  unpacked=$(sed -n 's/^After this operation, \(.*\) of additional.*/\1/p' "$work/log/plan")
  say "downloading $(awk '{ n += $2 } END { printf "%d packages, %.0f MB", NR, n / 1e6 }' "$work/plan")" \
    "($(du -sb -- "$work/cache/archives" | awk '{ printf "%.0f", $1 / 1e6 }') MB are here already);" \
    "${unpacked:-more} unpacked"
}

download() {
  local work=$1 verbosity=-qq
  [[ ! -t 2 ]] || verbosity=-q=0
  apt-get -c "$work/apt.conf" "$verbosity" -y --download-only install "${packages[@]}" >&2 ||
    die "the download was not completed; the next run goes on from here"
  # apt has checked what it downloaded just now, but not what an earlier run has left.
  awk '{ print $3 "  " $1 }' "$work/plan" | (cd "$work/cache/archives" && sha256sum --quiet -c -) >&2 || {
    rm -rf -- "$work/cache/archives"
    die "these files were damaged and are removed; run this again"
  }
}

unpack() {
  local work=$1 tree=$1/tree file
  say "unpacking"
  mkdir -- "$tree" "$tree/bin"
  while read -r file _; do
    dpkg -x "$work/cache/archives/$file" "$tree" || die "cannot unpack $file"
  done <"$work/plan"
  sed 's/^\([^_]*\)_\([^_]*\)_\([^_]*\)\.deb [0-9]* /\1\t\2\t\3\t/; s/%3a/:/' "$work/plan" >"$tree/packages.tsv"
  finish "$tree"
}

# Makes TREE/NAME, which starts TREE/PROGRAM after some lines of shell in which $p is the tree. It finds the tree from its
# own place, so that the tree may be moved, and it execs, so that the program has the process id that was started.
wrap() {
  local tree=$1 name=$2 program=$3 lines=$4 loader file arch
  # Of a release that has not moved /lib into /usr, both hold libraries.
  for file in "$tree"/{,usr/}lib/*/ld-linux*.so.*; do
    [[ ! -x $file ]] || loader=${file#"$tree/"}
  done
  [[ -v loader && -x $tree/$program ]] || die "the packages are not laid out as expected"
  arch=${loader%/*}
  arch=${arch##*/}
  cat >"$tree/$name.$$" <<WRAPPER
#!/bin/sh
p=\$(readlink -f -- "\$0") && p=\${p%/$name} || exit 1
$lines
exec "\$p/$loader" --argv0 "\$0" --library-path "\$p/usr/lib/$arch:\$p/lib/$arch" "\$p/$program" "\$@"
WRAPPER
  chmod +x -- "$tree/$name.$$"
  mv -- "$tree/$name.$$" "$tree/$name"
}
