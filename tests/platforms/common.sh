# Shared by the scripts of this folder (sourced, not run). They need root; a user's call goes through sudo.
# shellcheck shell=bash
# shellcheck disable=SC2034 # `root` and `work` are used by the scripts

root=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
work=$root/build/platforms

become_root() {
  if ((EUID != 0)); then
    exec sudo -- "$(readlink -f "$0")" "$@"
  fi
}

debian13_tarball() { debian_tarball trixie trixie; }

# debian_tarball NAME RELEASE [PACKAGE]...: prints the file of a minimal Debian with these packages, made from the mirror
# that this machine's apt uses.
debian_tarball() {
  local mirror file=$work/$1.tar release=$2 packages
  packages="ca-certificates ${*:3}"
  if [[ ! -f $file ]]; then
    mkdir -p "$work"
    # shellcheck disable=SC2016 # apt replaces it
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
      sort -u | head -n 1)
    mmdebstrap --format=tar --variant=minbase --include="${packages// /,}" "$release" "$file.new" "$mirror" >&2
    mv "$file.new" "$file"
  fi
  echo "$file"
}

# in_tree TREE COMMAND...: in a mount namespace of its own, so that nothing stays mounted.
in_tree() {
  # shellcheck disable=SC2016 # the inner shell's variables
  unshare --mount --pid --fork --propagation private bash -c '
    set -e
    tree=$1; shift
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    mount --rbind /sys "$tree/sys"
    cp /etc/resolv.conf "$tree/etc/"
    exec chroot "$tree" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
  ' bash "$@"
}

# make_tree TREE TARBALL
make_tree() {
  rm -rf "$1.new"
  mkdir -p "$1.new"
  tar -C "$1.new" -xf "$2"
  mv "$1.new" "$1"
  grep -q '[[:space:]]localhost' "$1/etc/hosts" 2>/dev/null || echo '127.0.0.1 localhost' >>"$1/etc/hosts"
}
