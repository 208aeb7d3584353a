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

# Prints the file of a minimal Debian 13, made from the mirror that this machine's apt uses.
debian13_tarball() {
  local mirror file=$work/trixie.tar
  if [[ ! -f $file ]]; then
    mkdir -p "$work"
    # shellcheck disable=SC2016 # apt replaces it
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
      sort -u | head -n 1)
    mmdebstrap --format=tar --variant=minbase --include=ca-certificates trixie "$file.new" "$mirror" >&2
    mv "$file.new" "$file"
  fi
  echo "$file"
}
