#!/usr/bin/env bash
# The WASM target from Debian's packages, for machines where `rustup target add` cannot download it.
# Called by setup.mjs only as root on Debian, after the ordinary way failed. Safe to run again.
#
# Debian's rustc-web has the library's sources but no compiled wasm32 std and no rust-lld, so this takes the linker of
# the rustup toolchain, compiles std (with `test`, for the Rust tests in WASM) and puts it where rustc looks for it.
# Afterwards RUSTUP_TOOLCHAIN=web names a toolchain that builds for wasm32-unknown-unknown.
set -euo pipefail

target=wasm32-unknown-unknown
host=$(rustc -vV | sed -n 's/^host: //p')
std=/usr/lib/rustlib/$target

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends rustc-web cargo-web rust-web-src rust-web-llvm rust-web-clippy

rustup toolchain link web /usr
mkdir -p "/usr/lib/rustlib/$host/bin"
ln -sfn "$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld" "/usr/lib/rustlib/$host/bin/rust-lld"

work=$(mktemp -d)
trap 'rm -rf "$work" "$std.new"' EXIT
mkdir -p "$work/src" "$work/.cargo"
touch "$work/src/lib.rs"
cat >"$work/Cargo.toml" <<TOML
[package]
name = "empty_crate"
version = "0.0.0"
edition = "2024"
TOML
# The library's own dependencies are beside its sources: nothing is downloaded.
cat >"$work/.cargo/config.toml" <<TOML
[source.crates-io]
replace-with = "library-vendor"
[source.library-vendor]
directory = "/usr/lib/rustlib/src/rust/library/vendor"
TOML
(
  cd "$work"
  # RUSTC_BOOTSTRAP lets a stable compiler use -Zbuild-std; link-time optimization needs the bitcode.
  env -u CARGO_ENCODED_RUSTFLAGS -u CARGO_TARGET_DIR \
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTFLAGS=-Cembed-bitcode=yes \
    /usr/bin/cargo build --quiet --release --target $target -Zbuild-std=std,panic_abort,test
)

rm -rf "$std.new"
mkdir -p "$std.new/lib"
cp "$work/target/$target/release/deps/"*.rlib "$std.new/lib/"
rm -f "$std.new/lib/"libempty_crate-*.rlib
rm -rf "$std"
mv "$std.new" "$std"
