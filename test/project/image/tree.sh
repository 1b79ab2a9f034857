#!/bin/sh
# What an image's engine does, by hand, in a mount namespace of its own in which we are root:
#   tree.sh base TREE                  lays a file tree as the base image node:NN-slim has it
#   tree.sh add TREE PATH FOLDER       copies a file or folder into the tree's FOLDER
#   tree.sh copy TREE FROM TO          copies a folder's content into the tree's TO
#   tree.sh run TREE FOLDER COMMAND    runs a build's command, with network
#   tree.sh start TREE INPUTS WORD...  runs a program as uid 1000 without any right; all is read-only, even /tmp
#   tree.sh remove TREE
# System and Node.js are this machine's, mounted read-only: $NODE_PREFIX is where Node.js is installed.
set -eu
umask 022
verb=$1
tree=$2
shift 2

# mount_ro FROM TO
mount_ro() {
  mkdir -p "$2"
  mount --rbind "$1" "$2"
  mount -o remount,bind,ro "$2"
}

mount_system() {
  mount_ro /usr "$tree/usr"
  for name in bin lib lib32 lib64 sbin; do
    if [ -d "/$name" ] && [ ! -L "/$name" ]; then mount_ro "/$name" "$tree/$name"; fi
  done
  case "$NODE_PREFIX" in
    /usr | /usr/*) ;;
    *) mount_ro "$NODE_PREFIX" "$tree$NODE_PREFIX" ;;
  esac
  mount --rbind /dev "$tree/dev"
  mount -t proc proc "$tree/proc"
}

# Users and groups as the base image has them.
write_users() {
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'node:x:1000:1000::/home/node:/bin/sh' > "$tree/etc/passwd"
  printf '%s\n' 'root:x:0:' 'mail:x:8:' 'users:x:100:' 'node:x:1000:' > "$tree/etc/group"
  printf '%s\n' 'root:*:19000:0:99999:7:::' 'node:!:19000:0:99999:7:::' > "$tree/etc/shadow"
  printf '%s\n' 'root:*::' 'mail:*::' 'users:*::' 'node:!::' > "$tree/etc/gshadow"
  mkdir "$tree/home/node"
  chown 1000:1000 "$tree/home/node"
}

case "$verb" in
  base)
    mkdir -p "$tree/usr" "$tree/dev" "$tree/proc" "$tree/tmp" "$tree/root" "$tree/home" "$tree/etc" "$tree/source"
    chmod 1777 "$tree/tmp"
    for name in bin lib lib32 lib64 sbin; do
      if [ -L "/$name" ]; then cp -P "/$name" "$tree/$name"; fi
    done
    for name in ssl ca-certificates pam.d security login.defs default skel nsswitch.conf hosts resolv.conf \
      ld.so.cache ld.so.conf ld.so.conf.d alternatives; do
      if [ -e "/etc/$name" ]; then cp -RL "/etc/$name" "$tree/etc/" 2> /dev/null || true; fi
    done
    write_users
    ;;
  add)
    mkdir -p "$tree$2"
    cp -R "$1" "$tree$2/"
    ;;
  copy)
    mkdir -p "$tree$2"
    cp -R "$1/." "$tree$2"
    ;;
  run)
    mount_system
    mkdir -p "$tree$1" "$tree/root/.npm"
    # The caller's registry and cache of packages, so that a build finds what the caller finds.
    if [ -d "$NPM_CACHE" ]; then mount --bind "$NPM_CACHE" "$tree/root/.npm"; fi
    if [ -f "$NPM_USERCONFIG" ]; then
      touch "$tree/root/.npmrc"
      mount --bind "$NPM_USERCONFIG" "$tree/root/.npmrc"
    fi
    exec chroot "$tree" /bin/sh -c 'cd "$1" && export HOME=/root && exec /bin/sh -ec "$2"' sh "$1" "$2"
    ;;
  start)
    mount --rbind "$tree" "$tree"
    mount_system
    mount_ro "$1" "$tree/config"
    mount -o remount,bind,ro "$tree"
    shift
    exec chroot "$tree" setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --inh-caps=-all \
      --bounding-set=-all "$@"
    ;;
  remove)
    rm -rf "$tree"
    ;;
esac
