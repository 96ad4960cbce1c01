# The project on one system: its packages, apps, checks and development shell.
{
  pkgs,
  pytanque,
  revision,
}:
let
  inherit (pkgs) lib;
  source = import ./source.nix lib;
  rocq = import ./rocq.nix { inherit pkgs pytanque; };
  program = import ./program.nix { inherit pkgs source; };
  pipeline = import ./pipeline.nix { inherit pkgs program rocq; };
  images = import ./images.nix {
    inherit
      pkgs
      program
      pipeline
      revision
      ;
  };
  checks = import ./checks.nix {
    inherit
      pkgs
      source
      program
      pipeline
      rocq
      ;
  };
  app = {
    type = "app";
    program = lib.getExe pipeline;
    meta.description = pipeline.meta.description;
  };
in
{
  packages = {
    default = pipeline;
    inherit pipeline;
    rocq-distill = program;
    rocq-env = rocq.env;
    inherit (rocq) pytanque;
  }
  // images;

  apps = {
    default = app;
    pipeline = app;
  };

  inherit checks;
  shell = import ./shell.nix { inherit pkgs program rocq; };
  # Given no file, it takes them all.
  formatter = pkgs.nixfmt-tree;
}
