# Everything that work on the project takes: `nix develop`.
{
  pkgs,
  program,
  rocq,
}:
pkgs.mkShell {
  inputsFrom = [ program ];
  packages = [
    rocq.env
    (pkgs.python3.withPackages (_: [ rocq.pytanque ]))

    pkgs.cargo-insta
    pkgs.cargo-nextest
    pkgs.clippy
    pkgs.rust-analyzer
    pkgs.rustfmt

    pkgs.deadnix
    pkgs.hadolint
    pkgs.nixfmt
    pkgs.shellcheck
    pkgs.shfmt

    # For `sbatch` and its like, against the cluster that SLURM_CONF names.
    pkgs.slurm
  ];
}
