# Everything that work on the project takes: `nix develop`.
{
  pkgs,
  program,
  rocq,
  client,
}:
pkgs.mkShell {
  inputsFrom = [ program ];
  packages = [
    rocq
    (pkgs.python3.withPackages (_: [ client ]))

    pkgs.cargo-insta
    pkgs.cargo-nextest
    pkgs.clippy
    pkgs.rust-analyzer
    pkgs.rustfmt

    pkgs.deadnix
    pkgs.hadolint
    pkgs.nixfmt-tree
    pkgs.shellcheck
    pkgs.shfmt

    # For `sbatch` and its like, against the cluster that SLURM_CONF names.
    pkgs.slurm
  ];
}
