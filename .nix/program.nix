# The binary by itself.
{ pkgs, source }:
let
  manifest = (pkgs.lib.importTOML ../Cargo.toml).package;
in
pkgs.rustPlatform.buildRustPackage {
  pname = manifest.name;
  inherit (manifest) version;
  src = source;
  cargoLock.lockFile = ../Cargo.lock;
  nativeBuildInputs = [ pkgs.installShellFiles ];
  # The tests are checks of the flake: what only runs the program need not wait for them.
  doCheck = false;
  postInstall = ''
    program=$out/bin/rocq-distill
    "$program" man >rocq-distill.1
    installManPage rocq-distill.1
    installShellCompletion --cmd rocq-distill \
      --bash <("$program" completions bash) --fish <("$program" completions fish) --zsh <("$program" completions zsh)
  '';
  meta = {
    inherit (manifest) description;
    license = [
      pkgs.lib.licenses.mit
      pkgs.lib.licenses.asl20
    ];
    mainProgram = "rocq-distill";
  };
}
